package dev.skiff.server.http;

import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelVersion;

/** Is told of operations on models, and does nothing. */
final class Nobody implements ModelControl.Observer {
  @Override
  public void begins() {}

  @Override
  public void comes(ModelVersion version) {}

  @Override
  public void goes(String model, long version) {}
}
