"""Estimators of scikit-learn: what `bpcore.estimators` offers."""
