package dev.skiff.server.http;

import com.fasterxml.jackson.core.io.IOContext;
import com.fasterxml.jackson.core.json.UTF8StreamJsonParser;
import com.fasterxml.jackson.core.sym.ByteQuadsCanonicalizer;
import dev.skiff.server.inference.Datatype;
import java.nio.ByteBuffer;

/**
 * Jackson's parser of JSON in UTF-8, which can step aside where numbers come: a {@link
 * NumberReader} takes those that it is sure of, and Jackson goes on behind them as if it had read
 * them itself. So all else, every error among it, is as Jackson has it (decision 16).
 */
final class TensorParser extends UTF8StreamJsonParser {
  private final NumberReader numbers;

  TensorParser(
      IOContext context,
      int features,
      ByteQuadsCanonicalizer names,
      byte[] bytes,
      int start,
      int end,
      int before) {
    super(context, features, null, null, names, bytes, start, end, before, false);
    this.numbers = new NumberReader(bytes, end);
  }

  /**
   * Reads the next numbers of the array that the parser is in, from none to all that are left, and
   * puts them at the buffer's position while it has room. Only the array's bracket or one of its
   * numbers may be the current token.
   *
   * @return how many
   */
  int readNumbers(Datatype datatype, ByteBuffer data) {
    boolean first = !_parsingContext.hasCurrentIndex();
    int count = numbers.read(_inputPtr, first, datatype, data);
    if (count > 0) {
      _inputPtr = numbers.end();
      if (first) {
        // Counts an element: from now on a comma comes before the next one.
        _parsingContext.expectComma();
      }
    }
    return count;
  }
}
