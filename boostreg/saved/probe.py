"""``python -m boostreg.saved.probe FILE``: opens a model in its library, or crashes.

``LoadedModel.native`` runs it on a file before the library opens that in the caller's
own process.
"""

import sys
from pathlib import Path

import numpy as np

from boostreg.engines import Model, Standard, get_engine
from boostreg.penalty import Units
from boostreg.saved.model import load_model

__all__ = ["main"]


def main(path: str) -> None:
    """Open the model at ``path`` and predict a row of zeros."""
    card = load_model(path).card
    engine = get_engine(card.engine)
    alone = Standard(
        intercept=np.zeros(card.objective.n_outputs),
        target_scale=1.0,
        weight_scale=1.0,
        units=Units(1.0, 1.0, 1),
    )
    model = Model(
        engine=card.engine,
        native=engine.open(Path(path)),
        objective=card.objective,
        standard=alone,
        columns=card.columns,
        learning_rate=1.0,
        n_rounds=card.n_rounds,
        complete=(False,) * len(card.columns),
        pure=False,
    )
    engine.predict(model, np.zeros((1, len(card.columns))))


if __name__ == "__main__":
    main(sys.argv[1])
