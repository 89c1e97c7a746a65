package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatatypeTest {

  @ParameterizedTest
  @EnumSource
  void isFoundByItsName(Datatype datatype) {
    assertThat(Datatype.named(datatype.name())).contains(datatype);
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "Fp32", "FLOAT", "STRING", "", " FP32"})
  void isNotFoundByAnotherName(String name) {
    assertThat(Datatype.named(name)).isEmpty();
  }

  /** The sizes of the Open Inference Protocol V2, "Tensor Data Types". */
  @ParameterizedTest
  @CsvSource({
    "BOOL,1",
    "UINT8,1",
    "UINT16,2",
    "UINT32,4",
    "UINT64,8",
    "INT8,1",
    "INT16,2",
    "INT32,4",
    "INT64,8",
    "FP16,2",
    "BF16,2",
    "FP32,4",
    "FP64,8",
    "BYTES,0"
  })
  void hasTheSizeOfTheProtocol(Datatype datatype, int bytes) {
    assertThat(datatype.byteSize()).isEqualTo(bytes);
  }
}
