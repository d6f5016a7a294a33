//! Synchronised rises (疑似串通涨价).
