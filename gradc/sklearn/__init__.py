"""Estimators for scikit-learn, compiled: drop-in parts of its pipelines and searches.

    from gradc.sklearn import MLPClassifier
    model = make_pipeline(StandardScaler(), MLPClassifier((100,), random_state=1)).fit(X, y)

Parameters, attributes and the order of random draws are scikit-learn's, so a network starts from
the same weights, sees the same batches and learns the same, rounding apart.  It needs scikit-learn
1.6 or newer: `pip install gradc[sklearn]`.
"""

from gradc.sklearn.logistic import LogisticRegression
from gradc.sklearn.perceptron import MLPClassifier, MLPRegressor

__all__ = ["LogisticRegression", "MLPClassifier", "MLPRegressor"]
