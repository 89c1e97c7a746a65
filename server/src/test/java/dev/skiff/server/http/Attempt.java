package dev.skiff.server.http;

import com.sun.management.ThreadMXBean;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** What a fuzz target asks of a reader, whatever the input: an answer or a refusal, and no more. */
final class Attempt {
  /** The client's fault, each of them. */
  private static final Set<ErrorCode> REFUSALS =
      EnumSet.of(
          ErrorCode.INVALID_ARGUMENT,
          ErrorCode.NOT_ACCEPTABLE,
          ErrorCode.TOO_LARGE,
          ErrorCode.UNSUPPORTED_MEDIA_TYPE);

  /** What reading may allocate: so much, and so much for each byte (Jazzer has its part in it). */
  private static final long MOST_BYTES = 1 << 20;

  private static final long MOST_BYTES_PER_BYTE = 4096;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Attempt() {}

  /**
   * What the reader makes of an input of that length; nothing if it refuses it.
   *
   * @throws AssertionError if it fails otherwise, or takes too much memory for it
   */
  static <T> Optional<T> at(int length, Supplier<T> reader) {
    long most = MOST_BYTES + MOST_BYTES_PER_BYTE * length;
    long before = THREADS.getCurrentThreadAllocatedBytes();
    Optional<T> answer = read(reader);
    if (THREADS.getCurrentThreadAllocatedBytes() - before > most) {
      // Once more: the first time, classes are loaded, too.
      before = THREADS.getCurrentThreadAllocatedBytes();
      answer = read(reader);
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      if (allocated > most) {
        throw new AssertionError("allocated %d bytes for %d".formatted(allocated, length));
      }
    }
    return answer;
  }

  private static <T> Optional<T> read(Supplier<T> reader) {
    try {
      return Optional.of(reader.get());
    } catch (InferenceException e) {
      if (!REFUSALS.contains(e.code())) {
        throw new AssertionError("refused with " + e.code(), e);
      }
      return Optional.empty();
    }
  }
}
