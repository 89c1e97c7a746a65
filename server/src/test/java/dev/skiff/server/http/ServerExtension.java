package dev.skiff.server.http;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives a test the server of a folder, and its {@link Door}. One server for each folder and door
 * serves all test classes of a run.
 */
final class ServerExtension implements ParameterResolver {
  private final Key key;

  private record Key(Path models, Door door) {}

  ServerExtension(Path models, Door door) {
    this.key = new Key(models, door);
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
