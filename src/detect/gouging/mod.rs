//! Abnormal rises of one seller (疑似哄抬价格).
