package dev.skiff.server.http;

import com.fasterxml.jackson.core.ErrorReportConfiguration;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.io.ContentReference;
import com.fasterxml.jackson.core.io.IOContext;
import com.fasterxml.jackson.core.util.BufferRecycler;
import com.fasterxml.jackson.core.util.TextBuffer;
import dev.skiff.server.inference.InferenceException;

/**
 * Where Jackson collects the characters of a string or a number. Their length is bounded but for
 * the elements of tensors: Jackson's own limit is one for all, and counts digits only when it has
 * all of them. Used by one thread at a time.
 */
final class BoundedText extends TextBuffer {
  static final int LONGEST = 64 << 10;

  private boolean bounded = true;

  private BoundedText(BufferRecycler recycler) {
    super(recycler);
  }

  /** What Jackson makes a parser with. */
  static final class Context extends IOContext {
    Context(
        StreamReadConstraints reading,
        StreamWriteConstraints writing,
        ErrorReportConfiguration errors,
        BufferRecycler recycler,
        ContentReference content) {
      super(reading, writing, errors, recycler, content, true);
    }

    @Override
    public TextBuffer constructReadConstrainedTextBuffer() {
      return new BoundedText(_bufferRecycler);
    }
  }

  /** Whether the next texts are. */
  void setBounded(boolean bounded) {
    this.bounded = bounded;
  }

  @Override
  protected void validateStringLength(int length) {
    if (bounded && length > LONGEST) {
      throw InferenceException.invalid(
          "a string or a number has more than " + LONGEST + " characters");
    }
  }
}
