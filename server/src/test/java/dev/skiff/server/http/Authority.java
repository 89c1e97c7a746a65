package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate authority of the tests, made by the JDK's keytool, and the certificates that it
 * signs, as a server and as a client want them.
 */
public final class Authority {
  private static final String PASSWORD = "changeit";
  private static final String OWN = "authority";

  private final Path folder;
  private final Path store;

  /** One that keeps its files in a folder. */
  public Authority(Path folder) throws IOException, InterruptedException {
    this.folder = Files.createDirectories(folder);
    this.store = folder.resolve("store.p12");
    keytool(OWN, "EC", "-ext", "bc:c", "-ext", "ku=keyCertSign");
  }

  /** Signs a certificate for a server on this machine. */
  public void signServer(String name, String algorithm) throws IOException, InterruptedException {
    keytool(name, algorithm, "-signer", OWN, "-ext", "san=ip:127.0.0.1,dns:localhost");
  }

  /** Signs a certificate for a client. */
  void signClient(String name) throws IOException, InterruptedException {
    keytool(name, "EC", "-signer", OWN, "-ext", "eku=clientAuth");
  }

  private void keytool(String name, String algorithm, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD,
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-keyalg",
                algorithm,
                "-validity",
                "2"));
    command.addAll(List.of(more));
    Path out = folder.resolve("keytool.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    assertThat(process.waitFor()).as(Files.readString(out)).isZero();
  }

  /** A key and its certificate with the chain, in one file. */
  public Path together(String name) throws IOException, GeneralSecurityException {
    return Files.writeString(folder.resolve(name + ".pem"), key(name) + chain(name));
  }

  /** The authority's own certificate, as a file. */
  Path certificate() throws IOException, GeneralSecurityException {
    return Files.writeString(
        folder.resolve("ca.pem"), pem("CERTIFICATE", load().getCertificate(OWN).getEncoded()));
  }

  /** The certificate with its chain, as text. */
  String chain(String name) throws IOException, GeneralSecurityException {
    StringBuilder text = new StringBuilder();
    for (Certificate certificate : load().getCertificateChain(name)) {
      text.append(pem("CERTIFICATE", certificate.getEncoded()));
    }
    return text.toString();
  }

  /** The private key. */
  Key privateKey(String name) throws IOException, GeneralSecurityException {
    return load().getKey(name, PASSWORD.toCharArray());
  }

  /** The private key, as text. */
  String key(String name) throws IOException, GeneralSecurityException {
    return pem("PRIVATE KEY", privateKey(name).getEncoded());
  }

  /** For a client that trusts this authority; with a certificate of another, or of none. */
  SSLContext client(Stream<Authority> signer, String name)
      throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(OWN, load().getCertificate(OWN));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    List<KeyManager> keys = new ArrayList<>();
    for (Authority other : signer.toList()) {
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      char[] password = PASSWORD.toCharArray();
      KeyStore all = other.load();
      own.setKeyEntry(name, all.getKey(name, password), password, all.getCertificateChain(name));
      KeyManagerFactory factory =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      factory.init(own, password);
      keys.addAll(List.of(factory.getKeyManagers()));
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.toArray(KeyManager[]::new), trust.getTrustManagers(), null);
    return context;
  }

  private KeyStore load() throws IOException, GeneralSecurityException {
    KeyStore all = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      all.load(in, PASSWORD.toCharArray());
    }
    return all;
  }

  /** A block as RFC 7468 has it. */
  static String pem(String label, byte[] der) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, text, label);
  }
}
