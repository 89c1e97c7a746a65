package dev.skiff.server.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * How connections are encrypted. The files are in PEM form.
 *
 * @param certificate the server's certificate, and behind it those that lead to its authority
 * @param key the private key of that certificate
 * @param clientAuthority the authorities that sign the certificates of clients, if clients have to
 *     have one
 */
public record TlsConfig(Path certificate, Path key, Optional<Path> clientAuthority) {

  /**
   * None without a certificate.
   *
   * @throws ConfigException if there is something else without a certificate
   */
  static Optional<TlsConfig> of(Function<Key, Setting> settings) {
    Optional<Path> certificate = settings.apply(Keys.TLS_CERT).file();
    Optional<Path> key = settings.apply(Keys.TLS_KEY).file();
    Optional<Path> clientAuthority = settings.apply(Keys.TLS_CLIENT_CA).file();
    if (certificate.isEmpty() && (key.isPresent() || clientAuthority.isPresent())) {
      throw new ConfigException(Keys.TLS_CERT.flag() + ": expected a file, got none");
    }
    return certificate.map(file -> new TlsConfig(file, key.orElse(file), clientAuthority));
  }
}
