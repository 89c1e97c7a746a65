//! One model behind `POST /predict`: a JSON array in, `{"prediction": [...]}` out. One thread does everything, as suits one core
//! and a model of microseconds. Settings: MODEL, HOST, PORT, and ORT_DYLIB_PATH for ONNX Runtime itself.
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use ort::memory::Allocator;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session};
use ort::value::{Tensor, TensorRef};
use serde::Serialize;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn Error>;
type Reply = (StatusCode, [(HeaderName, &'static str); 1], Vec<u8>);

#[derive(Serialize)]
struct Prediction<'a> {
    prediction: &'a [f32],
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

/// A session that reads the request's own numbers and writes into the same output tensor each time.
struct Predictor {
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
    features: usize,
}

impl Predictor {
    fn load(model: &str) -> Result<Self, Failure> {
        let environment = ort::init().with_telemetry(false).build()?;
        let session = Session::builder(&environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .commit_from_file(model)?;
        let features = row_length(session.inputs()[0].dtype())?;
        let output = &session.outputs()[0];
        let row = Tensor::<f32>::new(&Allocator::default(), [1, row_length(output.dtype())?])?;
        let options =
            RunOptions::new()?.with_outputs(OutputSelector::default().preallocate(output.name(), row));
        Ok(Self { session, options, features })
    }

    fn predict(&mut self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let row: Vec<f32> = sonic_rs::from_slice(body)?;
        if row.len() != self.features {
            return Err(format!("expected {} numbers, got {}", self.features, row.len()).into());
        }
        let input = TensorRef::from_array_view(([1, row.len()], row.as_slice()))?;
        let outputs = self.session.run_with_options(ort::inputs![input], &self.options)?;
        let (_, prediction) = outputs[0].try_extract_tensor::<f32>()?;
        Ok(sonic_rs::to_vec(&Prediction { prediction })?)
    }
}

fn row_length(value: &ort::value::ValueType) -> Result<usize, Failure> {
    match value.tensor_shape().map(|shape| &shape[..]) {
        Some([_, length]) if *length > 0 => Ok(*length as usize),
        _ => Err("the model must take and give rows of a fixed length".into()),
    }
}

async fn predict(State(predictor): State<Arc<Mutex<Predictor>>>, body: Bytes) -> Reply {
    let answer = predictor.lock().expect("a panic aborts").predict(&body);
    let (status, json) = match answer {
        Ok(json) => (StatusCode::OK, json),
        Err(error) => {
            let refusal = Refusal { error: error.to_string() };
            (StatusCode::BAD_REQUEST, sonic_rs::to_vec(&refusal).expect("a string is JSON"))
        }
    };
    (status, [(CONTENT_TYPE, "application/json")], json)
}

async fn serve() -> Result<(), Failure> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let predictor = Arc::new(Mutex::new(Predictor::load(&setting("MODEL", "model.onnx"))?));
    let app = Router::new()
        .route("/predict", post(predict))
        .route("/health", get(|| async { "ok" }))
        .with_state(predictor);
    let address = format!("{}:{}", setting("HOST", "127.0.0.1"), setting("PORT", "8080"));
    let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| {
        // Without it a reply may wait for the acknowledgement of the one before.
        stream.set_nodelay(true).expect("TCP has this option");
    });
    Ok(axum::serve(listener, app).await?)
}

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(serve())
}
