package dev.skiff.server.http;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.Keys;
import dev.skiff.server.config.TlsConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Encrypts connections, and asks clients for certificates if it has authorities for them. When the
 * files have changed, a connection that comes a second later at most is the first with what is in
 * them; if that is wrong, the old certificates go on to count. Connections that are there stay.
 * Thread-safe.
 *
 * <p>Jetty gets a finished SSLContext: to make one itself, it would want a Java runtime with
 * java.naming, for the names in certificates.
 */
final class Tls extends SslConnectionFactory {
  private static final Logger log = LoggerFactory.getLogger(Tls.class);

  private final TlsConfig config;
  private final ChangingFiles changes;

  /**
   * What the files make.
   *
   * @throws ConfigException for the first one that is wrong
   */
  Tls(TlsConfig config) {
    super(new SslContextFactory.Server(), "http/1.1");
    this.config = config;
    List<Path> files = new ArrayList<>(List.of(config.certificate(), config.key()));
    config.clientAuthority().ifPresent(files::add);
    changes = new ChangingFiles(files);
    SslContextFactory.Server factory = getSslContextFactory();
    factory.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    factory.setNeedClientAuth(config.clientAuthority().isPresent());
    factory.setSslContext(context(config));
    // It would compare the name that a client asks for with those of the certificate, which is the
    // client's part.
    setEnsureSecureRequestCustomizer(false);
  }

  @Override
  public Connection newConnection(Connector connector, EndPoint endPoint) {
    if (changes.areNew()) {
      renew();
    }
    return super.newConnection(connector, endPoint);
  }

  private void renew() {
    try {
      SSLContext context = context(config);
      getSslContextFactory().reload(factory -> factory.setSslContext(context));
      log.info("read the certificates anew");
    } catch (ConfigException e) {
      log.warn("{}; the old certificates go on to count", e.line());
    } catch (Exception e) {
      log.warn("the certificates were not replaced", e);
    }
  }

  private static SSLContext context(TlsConfig config) {
    List<X509Certificate> chain =
        new Pem(Keys.TLS_CERT.flag(), config.certificate()).certificates();
    // The store is never written: the password is a formality.
    char[] password = "in memory".toCharArray();
    try {
      KeyStore identity = emptyStore();
      identity.setKeyEntry(
          "server",
          new Pem(Keys.TLS_KEY.flag(), config.key()).privateKey(chain.getFirst()),
          password,
          chain.toArray(Certificate[]::new));
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(identity, password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust(config), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(
          Keys.TLS_CERT.flag() + ": this Java cannot use the certificate: " + e.getMessage());
    }
  }

  private static TrustManager[] trust(TlsConfig config)
      throws GeneralSecurityException, IOException {
    if (config.clientAuthority().isEmpty()) {
      return new TrustManager[0];
    }
    KeyStore authorities = emptyStore();
    for (X509Certificate authority :
        new Pem(Keys.TLS_CLIENT_CA.flag(), config.clientAuthority().get()).certificates()) {
      authorities.setCertificateEntry("authority " + authorities.size(), authority);
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(authorities);
    return trust.getTrustManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }
}
