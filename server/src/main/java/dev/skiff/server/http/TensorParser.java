package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.UTF8StreamJsonParser;
import com.fasterxml.jackson.core.sym.ByteQuadsCanonicalizer;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Jackson's parser of JSON in UTF-8, which can step aside where numbers come: a {@link
 * NumberReader} takes those that it is sure of, and Jackson goes on behind them as if it had read
 * them itself. So all else, every error among it, is as Jackson has it (decision 16).
 */
final class TensorParser extends UTF8StreamJsonParser {
  /** The most keys of an object, and of those in a text that no text had before. */
  private static final int MOST_KEYS = 1_000;

  private final NumberReader numbers;
  private final BoundedText text;

  /** How large the table of names may become, which has those of earlier texts. */
  private final int mostNames;

  TensorParser(
      BoundedText.Context context,
      int features,
      ByteQuadsCanonicalizer names,
      byte[] bytes,
      int start,
      int end,
      int before) {
    super(context, features, null, null, names, bytes, start, end, before, false);
    this.numbers = new NumberReader(bytes, end);
    this.text = (BoundedText) _textBuffer;
    this.mostNames = names.size() + MOST_KEYS;
  }

  /**
   * The next token.
   *
   * @throws InferenceException INVALID_ARGUMENT for more keys than anybody needs. Jackson keeps
   *     those of each object that is open, to find one that comes twice, and each name of the text.
   */
  @Override
  public JsonToken nextToken() throws IOException {
    JsonToken token = super.nextToken();
    if (token == JsonToken.FIELD_NAME
        && (_parsingContext.getCurrentIndex() >= MOST_KEYS || _symbols.size() > mostNames)) {
      throw InferenceException.invalid(
          "more than %d keys, at byte %d".formatted(MOST_KEYS, Json.start(this)));
    }
    return token;
  }

  /** The string that the parser stands on, however long it is. */
  String longText() throws IOException {
    text.setBounded(false);
    try {
      return getText();
    } finally {
      text.setBounded(true);
    }
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
