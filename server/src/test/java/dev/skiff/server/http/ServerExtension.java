package dev.skiff.server.http;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test the server of a folder: {@link Fixtures} the tests' own models, {@link Shipped}
 * those that ship. One server each, and for each {@link Door}, serves all test classes of a run.
 */
abstract class ServerExtension implements ParameterResolver {
  private final Key key;

  private record Key(Path models, Door door) {}

  private ServerExtension(Path models, Door door) {
    this.key = new Key(models, door);
  }

  /** The models under {@code src/test/fixtures}. */
  static final class Fixtures extends ServerExtension {
    Fixtures() {
      this(Door.FAST_LANE);
    }

    Fixtures(Door door) {
      super(TestServer.FIXTURES, door);
    }
  }

  /** The models under {@code models}. */
  static final class Shipped extends ServerExtension {
    Shipped() {
      super(TestServer.MODELS, Door.FAST_LANE);
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == TestServer.class || type == Door.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Door.class ? key.door() : server(context);
  }

  private TestServer server(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(Namespace.create(ServerExtension.class))
        .computeIfAbsent(key, it -> it.door().start(it.models()), TestServer.class);
  }
}
