package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.IOContext;
import com.fasterxml.jackson.core.sym.ByteQuadsCanonicalizer;
import java.io.OutputStream;

/** Jackson, with numbers read and written beside it (decision 16). Thread-safe. */
final class TensorJsonFactory extends JsonFactory {
  private static final long serialVersionUID = 1L;

  TensorJsonFactory(JsonFactoryBuilder builder) {
    super(builder);
  }

  /**
   * A parser of a part of an array.
   *
   * @param before how many bytes of the whole text come before the part, for the places in errors
   */
  TensorParser createParser(byte[] bytes, int start, int end, int before) {
    BoundedText.Context context =
        new BoundedText.Context(
            _streamReadConstraints,
            _streamWriteConstraints,
            _errorReportConfiguration,
            _getBufferRecycler(),
            _createContentReference(bytes, start, end - start));
    ByteQuadsCanonicalizer names = _byteSymbolCanonicalizer.makeChild(_factoryFeatures);
    return new TensorParser(context, _parserFeatures, names, bytes, start, end, before);
  }

  @Override
  protected JsonGenerator _createUTF8Generator(OutputStream out, IOContext context) {
    return new TensorGenerator(context, _generatorFeatures, out);
  }
}
