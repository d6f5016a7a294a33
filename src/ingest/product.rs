//! Which goods may be compared (同一档次·同种商品)? The catalogue is data: datasets/products.csv.

use unicode_normalization::UnicodeNormalization;

/// A family of goods of one grade.
#[derive(Clone, PartialEq, Debug)]
pub struct Family {
    /// Kebab-case id.
    pub id: String,
    /// Chinese label; also the name of the cell.
    pub zh: String,
    /// English label.
    pub en: String,
    any_of: Vec<String>,
    none_of: Vec<String>,
    priority: u32,
}

/// Families by priority: the more specific standard first.
#[derive(Clone, PartialEq, Debug)]
pub struct Catalogue(Vec<Family>);

impl Catalogue {
    /// The catalogue that comes with the program.
    pub fn shipped() -> Catalogue {
        let words = |cell: &str| cell.split('|').filter(|w| !w.is_empty()).map(str::to_owned).collect();
        let mut families: Vec<Family> =
            csv::Reader::from_reader(include_bytes!("../../datasets/products.csv").as_slice())
                .records()
                .flatten()
                .filter_map(|r| {
                    Some(Family {
                        id: r.get(0)?.to_owned(),
                        zh: r.get(1)?.to_owned(),
                        en: r.get(2)?.to_owned(),
                        any_of: words(r.get(3)?),
                        none_of: words(r.get(4)?),
                        priority: r.get(5)?.parse().ok()?,
                    })
                })
                .collect();
        families.sort_by(|a, b| (a.priority, &a.id).cmp(&(b.priority, &b.id)));
        Catalogue(families)
    }

    /// The family of a product, `None` where unknown or where two grades of equal rank are named.
    pub fn family(&self, product: &str, spec: &str) -> Option<&Family> {
        let text = format!("{product} {spec}").nfkc().collect::<String>().to_lowercase();
        let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let named = |word: &String| text.contains(word.as_str()) || tight.contains(word.as_str());
        let mut hits = self.0.iter().filter(|f| f.any_of.iter().any(named) && !f.none_of.iter().any(named));
        let first = hits.next()?;
        hits.all(|other| other.priority > first.priority).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_by_name_and_standard() {
        let catalogue = Catalogue::shipped();
        for (product, spec, want) in [
            ("KN95口罩", "", Some("kn95")),
            ("防护口罩", "GB 2626-2019", Some("kn95")),
            ("儿童口罩 KN95", "", Some("child-mask")),
            ("医用外科口罩", "YY 0469", Some("surgical")),
            ("力康医用非外科护理一次性口罩", "", None),
            ("캐드원 하얀봄 미세먼지 황사 마스크 KF94", "", Some("kf94")),
            ("황사마스크 KF80 소아용", "", Some("child-mask")),
            ("KF94 KF80 마스크", "", None),
            ("医用防护服", "", Some("coverall")),
            ("大白菜", "", None),
        ] {
            assert_eq!(catalogue.family(product, spec).map(|f| f.id.as_str()), want, "{product} {spec}");
        }
    }
}
