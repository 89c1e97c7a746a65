package dev.skiff.server.http;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each thing that a request can have many or much of, grown to a MiB, where no fuzzer gets to: to
 * read it takes no more memory than {@link Attempt} allows, and no more time than a test has.
 */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class GrownInputsTest {
  private static final int BYTES = 1 << 20;

  /** What is between the angle brackets is repeated, an {@code @} in it is its number. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | [<1,>1]",
        "0 | [<[>",
        "0 | {'a':<{'a':>",
        "0 | [<99999999999999999999999.5,>1]",
        "0 | [<1,>x]",
        "0 | ['<a>']",
        "0 | {'<a>':1}",
        "0 | {'instances':[<[1,2,3],>[1,2,3]]}",
        "0 | {'instances':[<{'x':[1,2,3]},>{'x':[1,2,3]}]}",
        "0 | {'instances':[<{'a@':1},>{}]}",
        "0 | {'inputs':{<'a@':1,>'x':1}}",
        "0 | {'signature_name':{<'a@':1,>'x':1},'instances':[[1,2,3]]}",
        "0 | {'signature_name':[<{'a@':1},>1],'instances':[[1,2,3]]}",
        "0 | {'signature_name':'<a>','instances':[[1,2,3]]}",
        "0 | {'signature_name':[<'a',>1],'instances':[[1,2,3]]}",
        "2 | [<1>]",
        "2 | {'inputs':[<1,>1]}",
        "4 | {'inputs':[[<[1,2],>[1,2]]]}",
        "5 | [<true,>true]",
        "7 | {'inputs':[<1,>1]}",
        "7 | {'inputs':[<1e999,>1]}",
        "7 | {'inputs':[<0.@,>1]}",
        "9 | {'inputs':[<[],>[]]}"
      })
  void predict(String model, String pattern) {
    PredictFuzz.fuzzerTestOneInput(input(model, pattern));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0- | {<'a@':1,>'inputs':[]}",
        "0- | {'a':[<{'a@':1},>1],'inputs':[]}",
        "0- | {'a':'<a>','inputs':[]}",
        "0- | {'<a>':1,'inputs':[]}",
        "0- | {'id':'<a>','inputs':[]}",
        "0- | {'id':'<\\u00e9>','inputs':[]}",
        "0- | {'parameters':{<'a@':1,>'b':1},'inputs':[]}",
        "0- | {'parameters':{<'a@':'@',>'b':1},'inputs':[]}",
        "0- | {'parameters':{'a':'<a>'},'inputs':[]}",
        "0- | {'parameters':{'timeout':'<a>'},'inputs':[]}",
        "0- | {'inputs':[{'name':'<a>'}]}",
        "0- | {'inputs':[{'datatype':'<a>'}]}",
        "0- | {'inputs':[{<'a@':1,>'b':1}]}",
        "0- | {'inputs':[{'parameters':{<'a@':1,>'b':1}}]}",
        "0- | {'inputs':[{'shape':[<1,>1],'name':'x','datatype':'FP32','data':[1]}]}",
        "0- | {'inputs':[{'shape':[1,3],'name':'x','datatype':'FP32','data':[<1,>1]}]}",
        "0- | {'inputs':[{'data':[<1,>1],'shape':[1,3],'name':'x','datatype':'FP32'}]}",
        "0- | {'inputs':[{'data':[<[>1],'shape':[1,3],'name':'x','datatype':'FP32'}]}",
        "0- | {'inputs':[<{},>{}]}",
        "0- | {'outputs':[<{},>{}],'inputs':[]}",
        "0- | {'outputs':[{'name':'<a>'}],'inputs':[]}",
        "0- | {'outputs':[{<'a@':1,>'name':'y'}],'inputs':[]}",
        "0- | {'outputs':[{'parameters':{'classification':'<a>'}}],'inputs':[]}",
        "0\0 | <abcd>",
        "2\0 | <abcdefgh>"
      })
  void infer(String model, String pattern) {
    InferFuzz.fuzzerTestOneInput(input(model, pattern));
  }

  private static byte[] input(String model, String pattern) {
    int start = pattern.indexOf('<');
    int end = pattern.indexOf('>');
    String piece = pattern.substring(start + 1, end);
    StringBuilder text = new StringBuilder(model).append(pattern, 0, start);
    for (int i = 0; text.length() < BYTES; i++) {
      text.append(piece.replace("@", Integer.toString(i)));
    }
    text.append(pattern, end + 1, pattern.length());
    return text.toString().replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }
}
