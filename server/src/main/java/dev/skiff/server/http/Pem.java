package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.skiff.server.config.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files in PEM form (RFC 7468). Every error names the flag, the file and what was expected, and
 * nothing of what is in a key.
 */
final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");

  private final String flag;
  private final Path file;
  private final List<Block> blocks = new ArrayList<>();

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Block(String label, byte[] der) {}

  /**
   * Reads a file.
   *
   * @param flag what the user gave it for
   * @throws ConfigException if it cannot be read
   */
  Pem(String flag, Path file) {
    this.flag = flag;
    this.file = file;
    String text;
    try {
      text = Files.readString(file, ISO_8859_1);
    } catch (IOException e) {
      throw wrong(ConfigException.unreadable(e));
    }
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      try {
        blocks.add(new Block(block.group(1), Base64.getMimeDecoder().decode(block.group(2))));
      } catch (IllegalArgumentException e) {
        throw wrong("what is within " + block.group(1) + " is not Base64");
      }
    }
  }

  /**
   * The certificates, one at least.
   *
   * @throws ConfigException if there is none, or one is malformed
   */
  List<X509Certificate> certificates() {
    List<X509Certificate> certificates = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Block block : blocks) {
        if (block.label().equals("CERTIFICATE")) {
          certificates.add(
              (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(block.der())));
        }
      }
    } catch (GeneralSecurityException e) {
      throw wrong("certificate " + (certificates.size() + 1) + " is malformed");
    }
    if (certificates.isEmpty()) {
      throw wrong("expected a certificate, '-----BEGIN CERTIFICATE-----', got " + labels());
    }
    return certificates;
  }

  /**
   * The private key of a certificate.
   *
   * @throws ConfigException if there is none, if it is encrypted or in another form than PKCS#8, or
   *     if it belongs to another certificate
   */
  PrivateKey privateKey(X509Certificate certificate) {
    String algorithm = certificate.getPublicKey().getAlgorithm();
    for (Block block : blocks) {
      if (block.label().equals("PRIVATE KEY")) {
        try {
          PrivateKey key =
              KeyFactory.getInstance(algorithm)
                  .generatePrivate(new PKCS8EncodedKeySpec(block.der()));
          if (belong(key, certificate)) {
            return key;
          }
        } catch (GeneralSecurityException e) {
          // Of another algorithm, or malformed: not that certificate's in either case.
        }
        throw wrong("the private key is not the " + algorithm + " key of the certificate");
      }
    }
    String convert = "convert it: openssl pkey -in " + file + " -out key.pem";
    for (Block block : blocks) {
      if (block.label().equals("ENCRYPTED PRIVATE KEY")) {
        throw wrong("expected a private key without a password; " + convert);
      } else if (block.label().endsWith("PRIVATE KEY")) {
        throw wrong("expected a private key as PKCS#8, got " + block.label() + "; " + convert);
      }
    }
    throw wrong("expected a private key, '-----BEGIN PRIVATE KEY-----', got " + labels());
  }

  /** What the key signs, the certificate confirms. */
  private static boolean belong(PrivateKey key, X509Certificate certificate)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    return signature.verify(signed);
  }

  private String labels() {
    return blocks.isEmpty()
        ? "nothing in PEM form"
        : String.join(", ", blocks.stream().map(Block::label).toList());
  }

  private ConfigException wrong(String what) {
    return new ConfigException(flag + ": " + file + ": " + what);
  }
}
