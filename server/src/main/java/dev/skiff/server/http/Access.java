package dev.skiff.server.http;

import dev.skiff.server.config.AccessConfig;
import java.security.GeneralSecurityException;
import java.util.function.BooleanSupplier;
import javax.net.SocketFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.jspecify.annotations.Nullable;

/** What keeps strangers out, read and checked; nothing of it is loaded that is not asked for. */
public final class Access {
  private final AccessConfig config;
  private final Gate gate;
  private final @Nullable Tls tls;

  private Access(AccessConfig config, Gate gate, @Nullable Tls tls) {
    this.config = config;
    this.gate = gate;
    this.tls = tls;
  }

  /**
   * Reads the files.
   *
   * @throws dev.skiff.server.config.ConfigException for the first one that is wrong
   */
  public static Access open(AccessConfig config) {
    // Not by references to their constructors, which load a class even if nobody calls them.
    Gate gate = config.apiKeys().isPresent() ? new ApiKeys(config.apiKeys().get()) : Gate.OPEN;
    Tls tls = config.tls().isPresent() ? new Tls(config.tls().get()) : null;
    return new Access(config, gate, tls);
  }

  /** Whether metrics and model control are on the port of the predictions. */
  boolean isOnePort() {
    return config.management().isEmpty();
  }

  /**
   * What connections are made of that speak HTTP in the end, from the network inwards.
   *
   * @param ready whether the server is, for the container's health check
   */
  ConnectionFactory[] connections(HttpConnectionFactory http, BooleanSupplier ready) {
    return tls == null
        ? new ConnectionFactory[] {http}
        : new ConnectionFactory[] {new PlainProbe(tls, ready), tls, http};
  }

  /**
   * What connections of a rehearsal are made of: the same, but in plain where clients need a
   * certificate, which it has not.
   */
  ConnectionFactory[] rehearsed(HttpConnectionFactory http) {
    return isRehearsedEncrypted()
        ? new ConnectionFactory[] {new Tls(config.tls().orElseThrow()), http}
        : new ConnectionFactory[] {http};
  }

  /** Makes the other ends of these connections. */
  SocketFactory rehearsing() throws GeneralSecurityException {
    return isRehearsedEncrypted() ? TrustingClient.sockets() : SocketFactory.getDefault();
  }

  private boolean isRehearsedEncrypted() {
    return config.tls().isPresent() && config.tls().get().clientAuthority().isEmpty();
  }

  /** Who is answered. */
  Gate gate() {
    return gate;
  }
}
