//! What is the number? Slices in, `Option` out; zero spread and too few data are decided here.
pub mod agreement;
pub mod bids;
pub mod concordance;
pub mod curveball;
pub mod fdr;
pub mod forest;
pub mod leave_out;
pub mod min_p;
pub mod online_fdr;
pub mod pass_through;
pub mod pieces;
pub mod ranking;
pub mod robust;
pub mod segment;
