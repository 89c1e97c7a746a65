package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whom it answers; what it answers is in {@link TlsIT}. */
class PlainProbeTest {
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "127.1.2.3, true",
    "::1, true",
    "10.0.0.1, false",
    "172.17.0.1, false",
    "0.0.0.0, false",
    "fe80::1, false",
    "2001:db8::1, false",
  })
  void answersThisMachineAlone(String address, boolean isHere) throws Exception {
    InetSocketAddress peer = new InetSocketAddress(InetAddress.ofLiteral(address), 1);
    assertThat(PlainProbe.isHere(peer)).isEqualTo(isHere);
  }

  @Test
  void answersNoOtherKindOfPeer() {
    assertThat(PlainProbe.isHere(UnixDomainSocketAddress.of("peer"))).isFalse();
  }
}
