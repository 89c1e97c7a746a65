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

  /** What reading may allocate whatever the input: buffers, a parser, a message. */
  private static final long MOST_BYTES = 128 << 10;

  private static final int TRIES = 4;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Attempt() {}

  /**
   * What the reader makes of an input; nothing if it refuses it.
   *
   * @param forInput what it may allocate for this input, beside what it may for any
   * @throws AssertionError if it fails otherwise, or allocates more
   */
  static <T> Optional<T> within(long forInput, Supplier<T> reader) {
    long most = MOST_BYTES + forInput;
    long least = Long.MAX_VALUE;
    Optional<T> answer = Optional.empty();
    // More than once: at first, classes are loaded and calls are linked.
    for (int i = 0; i < TRIES && least > most; i++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      answer = read(reader);
      least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    if (least > most) {
      throw new AssertionError("allocated %d bytes, at most %d".formatted(least, most));
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
