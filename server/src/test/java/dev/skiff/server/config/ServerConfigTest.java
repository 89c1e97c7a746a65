package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class ServerConfigTest {
  /** A value for every key, none of them its default. */
  private static final Map<Key, String> CHANGED =
      Map.ofEntries(
          Map.entry(Keys.MODELS, "elsewhere"),
          Map.entry(Keys.DEFAULT_MODEL, "iris"),
          Map.entry(Keys.HOST, "127.0.0.1"),
          Map.entry(Keys.PORT, "9001"),
          Map.entry(Keys.MANAGEMENT_PORT, "9015"),
          Map.entry(Keys.MANAGEMENT_HOST, "127.0.0.16"),
          Map.entry(Keys.API_KEYS, "keys.txt"),
          Map.entry(Keys.TLS_CERT, "cert.pem"),
          Map.entry(Keys.TLS_KEY, "key.pem"),
          Map.entry(Keys.TLS_CLIENT_CA, "ca.pem"),
          Map.entry(Keys.MODEL_CONTROL, "explicit"),
          Map.entry(Keys.MAX_REQUEST_BYTES, "9002"),
          Map.entry(Keys.REQUEST_TIMEOUT, "9003ms"),
          Map.entry(Keys.IDLE_TIMEOUT, "9004s"),
          Map.entry(Keys.HTTP_THREADS, "9005"),
          Map.entry(Keys.MAX_CONNECTIONS, "9017"),
          Map.entry(Keys.INTRA_OP_THREADS, "1006"),
          Map.entry(Keys.CONCURRENCY, "1007"),
          Map.entry(Keys.QUEUE_LIMIT, "9008"),
          Map.entry(Keys.QUEUE_BYTES, "9011"),
          Map.entry(Keys.BATCHING, "off"),
          Map.entry(Keys.DRAIN_DELAY, "9009ms"),
          Map.entry(Keys.DRAIN_TIMEOUT, "9010ms"),
          Map.entry(Keys.FAST_LANE, "false"),
          Map.entry(Keys.REHEARSAL, "9012ms"),
          Map.entry(Keys.READY_DELAY, "9010ms"),
          Map.entry(Keys.PROVIDER, "tensorrt"),
          Map.entry(Keys.GPU_DEVICE, "13"),
          Map.entry(Keys.GPU_MEMORY_LIMIT, "9014"),
          Map.entry(Keys.REQUIRE_FULL_GPU, "true"),
          Map.entry(Keys.CUDA_OPTIONS, "use_tf32=0, prefer_nhwc=1"),
          Map.entry(Keys.LOG_FORMAT, "json"),
          Map.entry(Keys.LOG_LEVEL, "debug"),
          Map.entry(Keys.ACCESS_LOG, "true"));

  /** The variables that a key says nothing without. */
  private static final Map<Key, Map<String, String>> COMPANIONS =
      Map.of(
          Keys.MANAGEMENT_HOST, Map.of(Keys.MANAGEMENT_PORT.variable(), "1"),
          Keys.TLS_KEY, Map.of(Keys.TLS_CERT.variable(), "c"),
          Keys.TLS_CLIENT_CA, Map.of(Keys.TLS_CERT.variable(), "c"));

  static List<Key> keys() {
    return Keys.all();
  }

  @Test
  void defaults() {
    assertThat(Parsed.config())
        .isEqualTo(
            new ServerConfig(
                new HttpConfig(
                    "0.0.0.0",
                    8080,
                    64 << 20,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30),
                    200,
                    10_000,
                    true,
                    Duration.ofSeconds(10),
                    Duration.ZERO),
                new AccessConfig(
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    AccessConfig.ModelControl.NONE),
                new RepositoryConfig(Path.of("models"), Optional.empty()),
                new RuntimeConfig(
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    128,
                    64 << 20,
                    BatchingConfig.of(BatchingConfig.Mode.AUTO),
                    RuntimeConfigs.provider(ProviderConfig.Choice.AUTO)),
                new DrainConfig(Duration.ZERO, Duration.ofSeconds(20)),
                new LogConfig(LogConfig.Format.TEXT, LogConfig.Level.INFO, false)));
  }

  @Test
  void everyKeyReachesItsField() {
    String[] arguments =
        Keys.all().stream().map(key -> key.flag() + "=" + changed(key)).toArray(String[]::new);
    assertThat(Parsed.config(arguments))
        .isEqualTo(
            new ServerConfig(
                new HttpConfig(
                    "127.0.0.1",
                    9001,
                    9002,
                    Duration.ofMillis(9003),
                    Duration.ofSeconds(9004),
                    9005,
                    9017,
                    false,
                    Duration.ofMillis(9012),
                    Duration.ofMillis(9010)),
                new AccessConfig(
                    Optional.of(new ManagementConfig("127.0.0.16", 9015)),
                    Optional.of(Path.of("keys.txt")),
                    Optional.of(
                        new TlsConfig(
                            Path.of("cert.pem"),
                            Path.of("key.pem"),
                            Optional.of(Path.of("ca.pem")))),
                    AccessConfig.ModelControl.EXPLICIT),
                new RepositoryConfig(Path.of("elsewhere"), Optional.of("iris")),
                new RuntimeConfig(
                    OptionalInt.of(1006),
                    OptionalInt.of(1007),
                    9008,
                    9011,
                    BatchingConfig.of(BatchingConfig.Mode.OFF),
                    new ProviderConfig(
                        ProviderConfig.Choice.TENSORRT,
                        13,
                        OptionalLong.of(9014),
                        true,
                        new TreeMap<>(Map.of("prefer_nhwc", "1", "use_tf32", "0")))),
                new DrainConfig(Duration.ofMillis(9009), Duration.ofMillis(9010)),
                new LogConfig(LogConfig.Format.JSON, LogConfig.Level.DEBUG, true)));
  }

  @ParameterizedTest
  @MethodSource("keys")
  void everyKeyCanBeAFlagAVariableAndAKeyOfTheFile(Key key, @TempDir Path folder)
      throws IOException {
    Map<String, String> companions = COMPANIONS.getOrDefault(key, Map.of());
    ServerConfig flag = Parsed.config(companions, key.flag(), changed(key));
    assertThat(flag).isNotEqualTo(Parsed.config(companions));
    Map<String, String> variables = new HashMap<>(companions);
    variables.put(key.variable(), changed(key));
    assertThat(Parsed.config(variables)).isEqualTo(flag);
    Path file = folder.resolve("skiff.json");
    Files.writeString(file, "{\"%s\": \"%s\"}".formatted(key.name(), changed(key)));
    assertThat(Parsed.config(companions, "--config", file.toString())).isEqualTo(flag);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void everyDefaultIsWhatItSays(Key key) {
    assertThat(Parsed.config(key.flag(), key.fallback())).isEqualTo(Parsed.config());
  }

  @Test
  void theManagementPortIsOnTheAddressOfTheOther() {
    assertThat(Parsed.config("--host=127.0.0.1", "--management-port=1").access().management())
        .contains(new ManagementConfig("127.0.0.1", 1));
  }

  @Test
  void aCertificateMayBeInOneFileWithItsKey() {
    assertThat(Parsed.config("--tls-cert=both.pem").access().tls())
        .contains(new TlsConfig(Path.of("both.pem"), Path.of("both.pem"), Optional.empty()));
  }

  @Test
  void keysAreNamedOnce() {
    assertThat(Keys.all())
        .extracting(Key::name)
        .doesNotHaveDuplicates()
        .allMatch(name -> name.matches("[a-z]+(-[a-z]+)*"));
    assertThat(Keys.all()).extracting(Key::description).noneMatch(text -> text.endsWith("."));
  }

  @Test
  void everyKeyIsARowOfTheTable() {
    List<String> lines = Keys.markdown().lines().toList();
    assertThat(lines).hasSize(2 + Keys.all().size());
    assertThat(lines)
        .contains(
            "| `--port PORT` | `SKIFF_PORT` | `8080` | the port to listen on; 0 takes a free one |",
            "| `--log-format text\\|json` | `SKIFF_LOG_FORMAT` | `text` | one line of text or of"
                + " JSON for each event |",
            "| `--default-model NAME` | `SKIFF_DEFAULT_MODEL` |  | the model that /predict means"
                + " when the path names none |");
  }

  static final List<List<String>> WRONG =
      List.of(
          List.of("--host= ", "--host: expected an address, got nothing"),
          List.of("--tls-key=key.pem", "--tls-cert: expected a file, got none"),
          List.of("--tls-client-ca=ca.pem", "--tls-cert: expected a file, got none"),
          List.of(
              "--management-port=off",
              "--management-port: expected none or a whole number from 0 to 65535, got 'off'"),
          List.of("--port=65536", "--port: expected a whole number from 0 to 65535, got '65536'"),
          List.of(
              "--max-request-bytes=0",
              "--max-request-bytes: expected 1 to 2147483631 bytes, got 0"),
          List.of(
              "--max-request-bytes=2GiB",
              "--max-request-bytes: expected 1 to 2147483631 bytes, got 2147483648"),
          List.of("--request-timeout=0s", "--request-timeout: expected more than zero, got 0"),
          List.of("--idle-timeout=0ms", "--idle-timeout: expected more than zero, got 0"),
          List.of(
              "--ready-delay=11s",
              "--ready-delay: expected no more than --rehearsal, which is 10000 ms, got 11000 ms"),
          List.of(
              "--http-threads=7",
              "--http-threads: expected a whole number from 8 to 10000, got '7'"),
          List.of(
              "--queue-limit=-1",
              "--queue-limit: expected a whole number from 0 to 1000000, got '-1'"),
          List.of(
              "--concurrency=0",
              "--concurrency: expected auto or a whole number from 1 to 1024, got '0'"),
          List.of(
              "--intra-op-threads=all",
              "--intra-op-threads: expected auto or a whole number from 1 to 1024, got 'all'"),
          List.of("--access-log=yes", "--access-log: expected true or false, got 'yes'"),
          List.of(
              "--model-control=poll",
              "--model-control: expected one of none, explicit, got 'poll'"),
          List.of("--log-format=xml", "--log-format: expected one of text, json, got 'xml'"));

  @ParameterizedTest
  @FieldSource("WRONG")
  void wrongValuesAreOneLineThatSaysWhatWasExpected(List<String> wrong) {
    Parsed.refuses(wrong.get(1), wrong.get(0));
  }

  private static String changed(Key key) {
    assertThat(CHANGED).containsKey(key);
    return CHANGED.getOrDefault(key, "");
  }
}
