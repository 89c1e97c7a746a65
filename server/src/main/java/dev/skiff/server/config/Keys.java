package dev.skiff.server.config;

import java.util.List;

/** Every key, in the order of the documentation. */
public final class Keys {
  public static final Key MODELS =
      new Key("models", "FOLDER", "models", "the model repository; also the one plain argument");
  public static final Key DEFAULT_MODEL =
      new Key(
          "default-model", "NAME", "", "the model that /predict means when the path names none");
  public static final Key HOST = new Key("host", "ADDRESS", "0.0.0.0", "the address to listen on");
  public static final Key PORT =
      new Key("port", "PORT", "8080", "the port to listen on; 0 takes a free one");
  public static final Key MANAGEMENT_PORT =
      new Key(
          "management-port",
          "PORT",
          "none",
          "a port for metrics, probes and model control, in plain HTTP; all but probes are there"
              + " only, then");
  public static final Key MANAGEMENT_HOST =
      new Key(
          "management-host",
          "ADDRESS",
          "",
          "the address of the management port; that of --host if not given");
  public static final Key API_KEYS =
      new Key(
          "api-keys",
          "FILE",
          "",
          "keys, one a line, of which a request has to show one; read again when the file changes");
  public static final Key TLS_CERT =
      new Key(
          "tls-cert",
          "FILE",
          "",
          "the certificate, with its chain, in PEM: the port speaks TLS 1.2 and 1.3 only, then");
  public static final Key TLS_KEY =
      new Key(
          "tls-key",
          "FILE",
          "",
          "its private key, as PKCS#8 in PEM without a password; in the certificate's file if not"
              + " given");
  public static final Key TLS_CLIENT_CA =
      new Key(
          "tls-client-ca",
          "FILE",
          "",
          "authorities in PEM, one of which has to have signed a certificate that a client shows");
  public static final Key MODEL_CONTROL =
      new Key(
          "model-control",
          "none|explicit",
          "none",
          "explicit lets requests load, reload and unload models");
  public static final Key MAX_REQUEST_BYTES =
      new Key("max-request-bytes", "SIZE", "64MiB", "the largest request body");
  public static final Key REQUEST_TIMEOUT =
      new Key(
          "request-timeout",
          "DURATION",
          "30s",
          "how long a request may wait for its answer; a request can ask for less");
  public static final Key IDLE_TIMEOUT =
      new Key(
          "idle-timeout", "DURATION", "30s", "how long a connection may stay without any traffic");
  public static final Key HTTP_THREADS =
      new Key(
          "http-threads",
          "COUNT",
          "200",
          "the most threads that serve requests; quick models and probes need none of them");
  public static final Key MAX_CONNECTIONS =
      new Key(
          "max-connections",
          "COUNT",
          "10000",
          "connections at a time; more wait, not accepted, until one of these ends");
  public static final Key FAST_LANE =
      new Key(
          "fast-lane",
          "true|false",
          "true",
          "answer infer requests and probes ahead of the servlets; false is for comparison");
  public static final Key REHEARSAL =
      new Key(
          "rehearsal",
          "DURATION",
          "10s",
          "for how long after the start to warm up on requests of its own, while no others come");
  public static final Key READY_DELAY =
      new Key(
          "ready-delay",
          "DURATION",
          "0s",
          "for how much of the rehearsal not to be ready yet; requests are answered meanwhile");
  public static final Key PROVIDER =
      new Key(
          "provider",
          "auto|cuda|tensorrt|cpu",
          "auto",
          "what models run on; auto takes CUDA where a GPU can be used, else the CPU");
  public static final Key GPU_DEVICE =
      new Key("gpu-device", "NUMBER", "0", "the GPU that models run on, counted from 0");
  public static final Key GPU_MEMORY_LIMIT =
      new Key(
          "gpu-memory-limit",
          "SIZE",
          "none",
          "the most GPU memory that one model takes for its weights and tensors");
  public static final Key REQUIRE_FULL_GPU =
      new Key(
          "require-full-gpu",
          "true|false",
          "false",
          "refuse a model that has nodes left on the CPU");
  public static final Key CUDA_OPTIONS =
      new Key(
          "cuda-options",
          "NAME=VALUE,...",
          "",
          "settings of ONNX Runtime's CUDA provider, over those that Skiff chooses");
  public static final Key INTRA_OP_THREADS =
      new Key(
          "intra-op-threads",
          "COUNT",
          "auto",
          "threads that share the work of one operator; auto goes by the model and the CPUs");
  public static final Key CONCURRENCY =
      new Key(
          "concurrency",
          "COUNT",
          "auto",
          "runs of one model at a time; auto goes by the model and the CPUs");
  public static final Key QUEUE_LIMIT =
      new Key(
          "queue-limit",
          "COUNT",
          "128",
          "requests that may wait for one model; more get 503 at once");
  public static final Key QUEUE_BYTES =
      new Key(
          "queue-bytes",
          "SIZE",
          "64MiB",
          "bytes of tensors that may wait for one model; more get 503 at once");
  public static final Key BATCHING =
      new Key(
          "batching",
          "auto|on|off",
          "auto",
          "whether requests that wait run together; auto finds out for each model");
  public static final Key DRAIN_DELAY =
      new Key(
          "drain-delay",
          "DURATION",
          "0s",
          "how long to go on serving, not ready any more, after SIGTERM");
  public static final Key DRAIN_TIMEOUT =
      new Key(
          "drain-timeout",
          "DURATION",
          "20s",
          "how long requests under way may take to finish then");
  public static final Key LOG_FORMAT =
      new Key("log-format", "text|json", "text", "one line of text or of JSON for each event");
  public static final Key LOG_LEVEL =
      new Key("log-level", "LEVEL", "info", "error, warn, info or debug");
  public static final Key ACCESS_LOG =
      new Key(
          "access-log",
          "true|false",
          "false",
          "log every request, not only what the server failed on");

  private static final List<Key> ALL =
      List.of(
          MODELS,
          DEFAULT_MODEL,
          HOST,
          PORT,
          MANAGEMENT_PORT,
          MANAGEMENT_HOST,
          API_KEYS,
          TLS_CERT,
          TLS_KEY,
          TLS_CLIENT_CA,
          MODEL_CONTROL,
          MAX_REQUEST_BYTES,
          REQUEST_TIMEOUT,
          IDLE_TIMEOUT,
          HTTP_THREADS,
          MAX_CONNECTIONS,
          FAST_LANE,
          REHEARSAL,
          READY_DELAY,
          PROVIDER,
          GPU_DEVICE,
          GPU_MEMORY_LIMIT,
          REQUIRE_FULL_GPU,
          CUDA_OPTIONS,
          INTRA_OP_THREADS,
          CONCURRENCY,
          QUEUE_LIMIT,
          QUEUE_BYTES,
          BATCHING,
          DRAIN_DELAY,
          DRAIN_TIMEOUT,
          LOG_FORMAT,
          LOG_LEVEL,
          ACCESS_LOG);

  private Keys() {}

  public static List<Key> all() {
    return ALL;
  }

  /** The keys as the rows of the README's table. */
  public static String markdown() {
    StringBuilder table = new StringBuilder();
    table.append("| flag | environment | default | meaning |\n| --- | --- | --- | --- |\n");
    for (Key key : ALL) {
      table.append(
          "| `%s %s` | `%s` | %s | %s |\n"
              .formatted(
                  key.flag(),
                  key.value().replace("|", "\\|"),
                  key.variable(),
                  key.fallback().isEmpty() ? "" : "`" + key.fallback() + "`",
                  key.description()));
    }
    return table.toString();
  }
}
