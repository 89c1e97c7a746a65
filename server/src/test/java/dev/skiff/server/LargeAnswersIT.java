package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small requests whose answers want more memory than a small pod's server has: they are answered or
 * refused, and the process lives.
 */
@Timeout(180)
final class LargeAnswersIT {
  /** The heap that the image has in a pod of 256 MB, where the process ends if it is full. */
  private static final List<String> OPTIONS =
      List.of("-Xms16m", "-Xmx96m", "-XX:+ExitOnOutOfMemoryError");

  private static final int AT_A_TIME = 16;

  /** Four million zeros: 16 MB, whether in JSON or as they are. */
  private static final String PREDICT = "{\"inputs\":[2000,2000]}";

  private static final String INFER =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"INT64\",\"data\":[2000,2000]}],"
          + "\"parameters\":{\"binary_data_output\":true}}";

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void areBounded(boolean fastLane, @TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "huge");
    try (SkiffProcess server =
        SkiffProcess.serve(
            Map.of(), OPTIONS, models, "--rehearsal=0s", "--fast-lane=" + fastLane)) {
      for (String request :
          List.of(
              post("/predict/huge", PREDICT, ""),
              post("/predict/huge", PREDICT, "Accept-Encoding: gzip\r\n"),
              post("/v2/models/huge/infer", INFER, ""),
              post("/v2/models/huge/infer", INFER, "Accept-Encoding: gzip\r\n"))) {
        assertThat(sendManyTimes(server, request)).contains(200).isSubsetOf(200, 503);
        // What the others had is given back.
        assertThat(sendTimes(server, request, 1)).containsExactly(200);
      }
      assertThat(server.post("/predict/huge", "{\"inputs\":[3000,2000]}").statusCode())
          .as("24 MB never fit")
          .isEqualTo(507);
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).as(server.process()::toString).isZero();
    }
  }

  private static Set<Integer> sendManyTimes(SkiffProcess server, String request) throws Exception {
    return sendTimes(server, request, AT_A_TIME);
  }

  /** The statuses of replies to requests at a time, the first of which is read last. */
  private static Set<Integer> sendTimes(SkiffProcess server, String request, int times)
      throws Exception {
    int port = URI.create("http://" + server.address()).getPort();
    List<Socket> sockets = new ArrayList<>();
    Set<Integer> statuses = new HashSet<>();
    try {
      for (int i = 0; i < times; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        sockets.add(socket);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      }
      for (Socket socket : sockets.reversed()) {
        // Those that are not read yet keep what they have got.
        assertThat(server.get("/health").statusCode()).isEqualTo(200);
        statuses.add(read(new BufferedInputStream(socket.getInputStream())));
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    return statuses;
  }

  /** The status of a reply that is all there, and in order. */
  private static int read(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      assertThat(next).as("it was cut off after '%s'", text).isNotNegative();
      text.append((char) next);
    }
    String head = text.toString();
    int status = Integer.parseInt(head.substring(9, 12));
    assertThat(head.contains("\r\nRetry-After: ")).isEqualTo(status == 503);
    int start = head.indexOf("\nContent-Length: ") + "\nContent-Length: ".length();
    in.skipNBytes(Long.parseLong(head.substring(start, head.indexOf('\r', start))));
    return status;
  }

  private static String post(String path, String body, String header) {
    return "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
        .formatted(path, header, body.length(), body);
  }
}
