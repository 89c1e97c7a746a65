package dev.skiff.server.model;

/** Leases on hand-made models, for tests of other packages. */
public final class Leases {
  private Leases() {}

  public static ModelVersion.Lease on(LoadedModel loaded, String model, long version) {
    ModelVersion made = new ModelVersion(model, version);
    made.publish(loaded);
    return made.acquire();
  }
}
