"""The classic way: a pickled scikit-learn model behind FastAPI."""
import joblib
from fastapi import FastAPI

app = FastAPI()
model = joblib.load("model.joblib")


@app.post("/predict")
def predict(features: list[float]):
    return {"prediction": model.predict([features]).tolist()}
