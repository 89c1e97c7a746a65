package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PemTest {
  @TempDir static Path shared;

  private static Authority authority;

  @TempDir Path folder;

  @BeforeAll
  static void sign() throws Exception {
    authority = new Authority(shared);
    for (String algorithm : new String[] {"EC", "RSA", "Ed25519"}) {
      authority.signServer(algorithm.toLowerCase(Locale.ROOT), algorithm);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ec", "rsa", "ed25519"})
  void readsACertificateWithItsChainAndItsKey(String name) throws Exception {
    Pem pem =
        pem("Bag Attributes\n  friendlyName: x\n" + authority.key(name) + authority.chain(name));
    assertThat(pem.certificates())
        .extracting(certificate -> certificate.getSubjectX500Principal().getName())
        .containsExactly("CN=" + name, "CN=authority");
    assertThat(pem.privateKey(pem.certificates().getFirst()).getEncoded())
        .isEqualTo(authority.privateKey(name).getEncoded());
  }

  @Test
  void readsLinesThatEndAsOnWindows() throws Exception {
    Pem pem = pem(authority.chain("ec").replace("\n", "\r\n"));
    assertThat(pem.certificates()).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "RSA PRIVATE KEY, 'expected a private key as PKCS#8, got RSA PRIVATE KEY; convert it: openssl pkey -in '",
    "EC PRIVATE KEY, 'expected a private key as PKCS#8, got EC PRIVATE KEY; convert it: openssl pkey -in '",
    "ENCRYPTED PRIVATE KEY, 'expected a private key without a password; convert it: openssl pkey -in '",
    "PUBLIC KEY, 'expected a private key, ''-----BEGIN PRIVATE KEY-----'', got PUBLIC KEY'",
  })
  void saysHowAKeyIsToBeConverted(String label, String message) throws Exception {
    Pem pem = pem(Authority.pem(label, new byte[100]));
    refuses(() -> pem.privateKey(certificate("ec")), message);
  }

  @Test
  void aKeyBelongsToItsCertificate() throws Exception {
    authority.signServer("other", "EC");
    refuses(() -> pem(authority.key("other")).privateKey(certificate("ec")), "the private key is");
    refuses(() -> pem(authority.key("rsa")).privateKey(certificate("ec")), "the private key is");
    String broken = Authority.pem("PRIVATE KEY", new byte[100]);
    refuses(() -> pem(broken).privateKey(certificate("ec")), "the private key is not the EC key");
  }

  @Test
  void saysWhatIsInstead() throws Exception {
    refuses(() -> pem("").certificates(), "expected a certificate, '-----BEGIN CERTIFICATE-----'");
    refuses(() -> pem("x").privateKey(certificate("ec")), "expected a private key");
    refuses(() -> pem(authority.key("ec")).certificates(), "expected a certificate");
    String broken = authority.chain("ec") + Authority.pem("CERTIFICATE", new byte[10]);
    refuses(() -> pem(broken).certificates(), "certificate 3 is malformed");
    refuses(() -> new Pem("--tls-cert", folder.resolve("absent")), "cannot be read");
  }

  private interface Reading {
    void run() throws Exception;
  }

  private static void refuses(Reading reading, String message) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(reading::run)
        .satisfies(e -> assertThat(e.line()).startsWith("--tls-cert: ").contains(": " + message));
  }

  private static X509Certificate certificate(String name) throws Exception {
    return new Pem("", Files.writeString(shared.resolve("c.pem"), authority.chain(name)))
        .certificates()
        .getFirst();
  }

  private Pem pem(String text) throws Exception {
    return new Pem("--tls-cert", Files.writeString(folder.resolve("a.pem"), text));
  }
}
