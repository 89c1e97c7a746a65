package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import dev.skiff.server.http.BadInputs.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Asks for every row of docs/bad-inputs.md that is a request, through both doors, and holds that
 * the page says what came, and that a test or a decision stands for every other row.
 */
class BadInputsIT {
  private static final Path PAGE = Path.of("../docs/bad-inputs.md");
  private static final Path DECISION = Path.of("../docs/decisions/0024-bad-inputs-and-fuzzing.md");
  private static final Path TESTS = Path.of("target/test-classes");
  private static final String BEGIN = "<!-- generated; BadInputsIT holds it -->\n";
  private static final int SHOWN = 160;

  /** Rows at the start of an item of the decision's list. */
  private static final Pattern DECIDED = Pattern.compile("(?m)^- Rows? ([0-9 to]+):");

  private static TestServer lane;
  private static TestServer servlets;

  @BeforeAll
  static void start() {
    String limit = "--max-request-bytes=" + BadInputs.LIMIT;
    lane = Door.FAST_LANE.start(TestServer.FIXTURES, limit);
    servlets = Door.SERVLETS.start(TestServer.FIXTURES, limit);
  }

  @AfterAll
  static void stop() {
    lane.close();
    servlets.close();
  }

  static List<Row> asked() {
    return rows().filter(row -> !row.asked().isEmpty()).toList();
  }

  private static Stream<Row> rows() {
    return Stream.of(
            BadInputs.http(),
            BadInputs.json(),
            BadInputs.inference(),
            BadInputs.tensors(),
            BadInputs.faults())
        .flatMap(List::stream);
  }

  @ParameterizedTest
  @MethodSource("asked")
  void bothDoorsAnswer(Row row) {
    for (Asked asked : row.asked()) {
      String reply = ask(lane, row, asked);
      assertThat(ask(servlets, row, asked)).as("through the other door").isEqualTo(reply);
      assertThat(reply).startsWith(asked.status() + ": ");
    }
  }

  @Test
  void thePageIsUpToDate() throws IOException {
    Map<Integer, Set<String>> tests = tests();
    Set<Integer> decided = decided();
    StringBuilder table =
        new StringBuilder("| row | input | expected | got |\n| --- | --- | --- | --- |\n");
    rows()
        .forEach(
            row ->
                table
                    .append(
                        "| %d | %s | %s | ".formatted(row.number(), row.input(), row.expected()))
                    .append(got(row, tests, decided))
                    .append(" |\n"));
    String page = Files.readString(PAGE);
    String rest = page.substring(page.indexOf(BEGIN) + BEGIN.length());
    assertThat(rest).as("paste this behind the mark").isEqualTo(table.toString());
    assertThat(rows().map(Row::number))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 102).boxed().toList());
  }

  /** What came, or which test or decision stands for the row; fails if none does. */
  private static String got(Row row, Map<Integer, Set<String>> tests, Set<Integer> decided) {
    List<String> parts = new ArrayList<>();
    Set<String> replies = new LinkedHashSet<>();
    row.asked().forEach(asked -> replies.add(shown(ask(lane, row, asked))));
    parts.addAll(replies);
    Set<String> held = tests.getOrDefault(row.number(), Set.of());
    if (!held.isEmpty()) {
      parts.add("held by " + String.join(", ", held));
    }
    if (decided.contains(row.number())) {
      parts.add("[decided](decisions/0024-bad-inputs-and-fuzzing.md)");
    }
    assertThat(parts).as("row " + row).isNotEmpty();
    return String.join("<br>", parts);
  }

  /** The status and what the reply says; the connection ends with it where the row says so. */
  private static String ask(TestServer server, Row row, Asked asked) {
    try (Socket socket = server.connect()) {
      socket.getOutputStream().write(asked.request());
      String head = TestServer.head(socket.getInputStream());
      Reply reply = Reply.parse(head);
      int length = Integer.parseInt(reply.header("Content-Length"));
      String body = new String(socket.getInputStream().readNBytes(length), StandardCharsets.UTF_8);
      String said = reply.status() == 200 ? body : Fixtures.tree(body).get("error").textValue();
      boolean closes = row.expected().contains("closed");
      if (closes) {
        assertThat(socket.getInputStream().read()).as("the end of the connection").isNegative();
      }
      assertServes(server);
      return reply.status() + ": " + said + (closes ? " (closed)" : "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertServes(TestServer server) {
    server.get("/health").ok();
    assertThat(server.post(BadInputs.FP32, "[1,2,3]").text())
        .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
  }

  private static String shown(String reply) {
    String text = reply.replace("|", "\\|").replace("<", "&lt;").replace("\0", "");
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
  }

  /** The tests of this module that say that they hold a row. */
  private static Map<Integer, Set<String>> tests() throws IOException {
    Map<Integer, Set<String>> tests = new TreeMap<>();
    try (Stream<Path> files = Files.walk(TESTS)) {
      for (Path file : files.filter(it -> it.toString().endsWith(".class")).sorted().toList()) {
        String name = TESTS.relativize(file).toString().replace('/', '.');
        Class<?> type = type(name.substring(0, name.length() - ".class".length()));
        for (Method method : type.getDeclaredMethods()) {
          BadInput held = method.getAnnotation(BadInput.class);
          for (int row : held == null ? new int[0] : held.value()) {
            tests
                .computeIfAbsent(row, it -> new TreeSet<>())
                .add("`%s.%s`".formatted(type.getSimpleName(), method.getName()));
          }
        }
      }
    }
    return tests;
  }

  private static Class<?> type(String name) {
    try {
      return Class.forName(name, false, BadInputsIT.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** The rows that the decision gives a reason for: "Row 65:", "Rows 94 to 99:". */
  private static Set<Integer> decided() throws IOException {
    Set<Integer> rows = new TreeSet<>();
    DECIDED
        .matcher(Files.readString(DECISION))
        .results()
        .forEach(
            item -> {
              String[] ends = item.group(1).split(" to ", -1);
              IntStream.rangeClosed(
                      Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                  .forEach(rows::add);
            });
    return rows;
  }
}
