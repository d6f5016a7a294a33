//! What compares with what? Rows → panel, market index, coverage. Home of polars.
