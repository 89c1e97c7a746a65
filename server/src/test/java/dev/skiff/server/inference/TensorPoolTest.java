package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class TensorPoolTest {
  private static final Shape FOUR = Shape.of(4); // 16 bytes of FP32

  @Test
  void whatComesBackIsUsedAgain() {
    try (TensorPool pool = new TensorPool(1000)) {
      Tensor first = pool.acquire(Datatype.FP32, FOUR);
      assertThat(pool.idleBytes()).isZero();
      first.close();
      assertThat(pool.idleBytes()).isEqualTo(16);
      Tensor again = pool.acquire(Datatype.FP32, FOUR);
      assertThat(again).isSameAs(first);
      assertThat(pool.idleBytes()).isZero();
      again.close();
    }
  }

  @Test
  void twoInUseAreTwo() {
    try (TensorPool pool = new TensorPool(1000);
        Tensor first = pool.acquire(Datatype.FP32, FOUR);
        Tensor second = pool.acquire(Datatype.FP32, FOUR)) {
      assertThat(second).isNotSameAs(first);
    }
  }

  @Test
  void anotherShapeOrDatatypeIsAnotherTensor() {
    try (TensorPool pool = new TensorPool(1000)) {
      Tensor first = pool.acquire(Datatype.FP32, FOUR);
      first.close();
      try (Tensor folded = pool.acquire(Datatype.FP32, Shape.of(2, 2));
          Tensor integers = pool.acquire(Datatype.INT32, FOUR)) {
        assertThat(folded).isNotSameAs(first);
        assertThat(folded.shape()).isEqualTo(Shape.of(2, 2));
        assertThat(integers).isNotSameAs(first);
        assertThat(integers.datatype()).isEqualTo(Datatype.INT32);
      }
    }
  }

  @Test
  void theHandleStaysWithAPooledTensor() {
    CountingHandle handle = new CountingHandle();
    try (TensorPool pool = new TensorPool(1000)) {
      Tensor tensor = pool.acquire(Datatype.FP32, FOUR);
      tensor.handle(CountingHandle.class, t -> handle);
      tensor.close();
      assertThat(handle.releases()).isZero();
      Tensor again = pool.acquire(Datatype.FP32, FOUR);
      assertThat(again.handle(CountingHandle.class, t -> new CountingHandle())).isSameAs(handle);
      again.close();
    }
    assertThat(handle.releases()).isOne();
  }

  @Test
  void pastTheLimitTheOthersMakeRoom() {
    try (TensorPool pool = new TensorPool(40)) {
      List<Tensor> three = List.of(acquire(pool, 4), acquire(pool, 4), acquire(pool, 3));
      three.get(0).close();
      three.get(1).close();
      assertThat(pool.idleBytes()).isEqualTo(32);
      three.get(2).close();
      assertThat(pool.idleBytes()).isEqualTo(12);
      assertFreed(three.get(0));
      assertFreed(three.get(1));
      assertThat(three.get(2).data().get(0)).isZero();
    }
  }

  @Test
  void whatIsLargerThanTheLimitIsFreedAtOnceAndMovesNobody() {
    try (TensorPool pool = new TensorPool(40)) {
      acquire(pool, 4).close();
      Tensor large = acquire(pool, 11);
      large.close();
      assertFreed(large);
      assertThat(pool.idleBytes()).isEqualTo(16);
    }
  }

  @Test
  void closeFreesWhatWaits() {
    TensorPool pool = new TensorPool(1000);
    Tensor tensor = acquire(pool, 4);
    tensor.close();
    pool.close();
    assertFreed(tensor);
    assertThat(pool.idleBytes()).isZero();
  }

  @Test
  void whatIsInUseAtCloseIsFreedWhenItComesBack() {
    TensorPool pool = new TensorPool(1000);
    Tensor tensor = acquire(pool, 4);
    pool.close();
    assertThat(tensor.data().get(0)).isZero();
    tensor.close();
    assertFreed(tensor);
    assertThat(pool.idleBytes()).isZero();
  }

  @Test
  void noTensorIsEverInTwoHands() throws Exception {
    Set<Tensor> inUse = ConcurrentHashMap.newKeySet();
    Set<Tensor> seen = ConcurrentHashMap.newKeySet();
    try (TensorPool pool = new TensorPool(32);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Set<Future<?>> workers = new HashSet<>();
      IntStream.range(0, 4)
          .forEach(
              worker ->
                  workers.add(
                      threads.submit(
                          () -> {
                            for (int i = 0; i < 2_000; i++) {
                              Tensor tensor = acquire(pool, 4);
                              assertThat(inUse.add(tensor)).isTrue();
                              seen.add(tensor);
                              inUse.remove(tensor);
                              tensor.close();
                            }
                          })));
      for (Future<?> worker : workers) {
        worker.get();
      }
      assertThat(pool.idleBytes()).isLessThanOrEqualTo(32);
      assertThat(seen).hasSizeLessThan(8_000);
    }
  }

  private static Tensor acquire(TensorPool pool, long elements) {
    return pool.acquire(Datatype.FP32, Shape.of(elements));
  }

  private static void assertFreed(Tensor tensor) {
    assertThatIllegalStateException().isThrownBy(() -> tensor.data().get(0));
  }
}
