package dev.skiff.server.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Finds out whether a graph repeats a part of itself as often as its data says: then no measurement
 * tells how long the next run will last. Looks for the operators' names as protobuf writes them in
 * a node ({@code NodeProto.op_type}, field 4 in onnx.proto); the same bytes elsewhere in the file
 * would only make a model seem to have loops.
 */
final class Loops {
  private static final byte OP_TYPE = 4 << 3 | 2;

  private static final List<ByteBuffer> OPERATORS =
      Stream.of("Loop", "Scan", "BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch")
          .map(StandardCharsets.US_ASCII::encode)
          .toList();

  private static final long LARGE = 64 << 20;

  private Loops() {}

  /**
   * Whether the model may have loops. Of a large file it is said unread: such models are hardly
   * ever quick.
   *
   * @throws IOException if the file cannot be read
   */
  static boolean mayBeIn(Path file) throws IOException {
    // Of an arena, which unmaps it at once: models are loaded again and again.
    try (FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofConfined()) {
      if (channel.size() > LARGE) {
        return true;
      }
      ByteBuffer bytes = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena).asByteBuffer();
      for (int at = 0; at < bytes.limit() - 1; at++) {
        if (bytes.get(at) == OP_TYPE && isOperator(bytes, at + 1)) {
          return true;
        }
      }
      return false;
    } catch (InternalError e) {
      // So Java says that the file has become shorter than what was mapped.
      throw new IOException(e);
    }
  }

  private static boolean isOperator(ByteBuffer bytes, int at) {
    int left = bytes.limit() - at - 1;
    for (ByteBuffer name : OPERATORS) {
      int length = name.remaining();
      if (bytes.get(at) == length && left >= length && bytes.slice(at + 1, length).equals(name)) {
        return true;
      }
    }
    return false;
  }
}
