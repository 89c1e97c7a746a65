package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bodies within the limit that have one thing in plenty, which is not the data of a tensor: to read
 * them takes no memory beside theirs, so they are refused in words, and the process lives.
 */
@Timeout(480)
final class LargeFieldsIT {
  /** The heap that the image has in a pod of 256 MB, where the process ends if it is full. */
  private static final List<String> OPTIONS =
      List.of("-Xms16m", "-Xmx96m", "-XX:+ExitOnOutOfMemoryError");

  private static final int ALONE = 20 << 20;
  private static final int AT_A_TIME = 3;
  private static final int OF_SOME = 7 << 20;

  private static final String INFER = "/v2/models/identity-fp32/infer";

  /** Beginnings, and the piece that makes them long; in that an {@code @} is a number. */
  private static final List<List<String>> BODIES =
      List.of(
          List.of(INFER, "{'inputs':[{'name':'x','shape':[1", ",1"),
          List.of(INFER, "{", "'@':1,"),
          List.of(INFER, "{'a':[", "{'@':1},"),
          List.of(INFER, "{'", "k"),
          List.of(INFER, "{'id':'", "a"),
          List.of(INFER, "{'parameters':{", "'p@':1,"),
          List.of(INFER, "{'parameters':{", "'q@':'@',"),
          List.of(INFER, "{'parameters':{'a':'", "a"),
          List.of(INFER, "{'inputs':[{'name':'", "a"),
          List.of(INFER, "{'inputs':[{'datatype':'", "a"),
          List.of(INFER, "{'outputs':[{'name':'", "a"),
          List.of(INFER, "{'a':", "1"),
          List.of("/predict", "{'signature_name':{", "'s@':1,"),
          List.of("/predict", "[", "1"));

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void areRefused(boolean fastLane, @TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "identity-fp32");
    try (SkiffProcess server =
        SkiffProcess.serve(
            Map.of(), OPTIONS, models, "--rehearsal=0s", "--fast-lane=" + fastLane)) {
      for (List<String> body : BODIES) {
        String whole = json(body, ALONE);
        assertThat(server.post(body.getFirst(), whole))
            .as(body::toString)
            .returns(400, HttpResponse::statusCode)
            .satisfies(reply -> assertThat(reply.body()).contains("INVALID_ARGUMENT"));
        String shorter = whole.substring(0, OF_SOME);
        List<CompletableFuture<HttpResponse<String>>> replies = new ArrayList<>();
        for (int i = 0; i < AT_A_TIME; i++) {
          replies.add(server.begin(body.getFirst(), shorter));
        }
        for (CompletableFuture<HttpResponse<String>> reply : replies) {
          assertThat(reply.get().statusCode()).as(body::toString).isEqualTo(400);
        }
      }
      assertThat(server.post("/predict", "[1,2,3]").body())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).as(server.process()::toString).isZero();
    }
  }

  /** A text of so many bytes that begins like that. */
  private static String json(List<String> body, int bytes) {
    StringBuilder text = new StringBuilder(bytes + 32).append(body.get(1));
    String piece = body.get(2);
    for (int i = 0; text.length() < bytes; i++) {
      text.append(piece.replace("@", Integer.toString(i)));
    }
    return text.toString().replace('\'', '"');
  }
}
