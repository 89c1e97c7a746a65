package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.model.LoadedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Fields of a V2 request that are missing, unknown, twice there or of the wrong kind. */
class InferReaderFieldsTest {
  private static final LoadedModel MODEL =
      model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2), spec("b", Datatype.INT64, Shape.DYNAMIC));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[] | expected an object, got an array",
        "5 | expected an object, got 5",
        "'x' | expected an object, got a string",
        "null | expected an object, got null",
        "{} | 'inputs' is missing",
        "{'outputs':[]} | 'inputs' is missing",
        "{'inputs':{}} | expected an array for 'inputs', got an object",
        "{'inputs':null} | expected an array for 'inputs', got null",
        "{'inputs':'a'} | got a string",
        "{'inputs':[]} | input `a` is missing, the model expects `a`, `b`",
        "{'inputs':[5]} | expected an object for each input, got 5",
        "{'inputs':[[]]} | expected an object for each input, got an array",
        "{'inputs':[@A]} | input `b` is missing, the model expects `a`, `b`",
        "{'inputs':[{}]} | an input has no 'name'",
        "{'inputs':[{'shape':[1],'datatype':'FP32','data':[]}]} | an input has no 'name'",
        "{'inputs':[{'name':'a','datatype':'FP32','data':[]}]} | input `a` has no 'shape'",
        "{'inputs':[{'name':'a','shape':[0,2],'data':[]}]} | input `a` has no 'datatype'",
        "{'inputs':[{'name':'a','shape':[0,2],'datatype':'FP32'}]} | input `a` has no 'data'",
        "{'inputs':[{'name':5}]} | expected a string for 'name', got 5",
        "{'inputs':[{'name':null}]} | expected a string for 'name', got null",
        "{'inputs':[{'name':'q','data':[1]}]} | the model has no input `q`, it expects `a`, `b`",
        "{'inputs':[{'data':[1],'name':'q'}]} | the model has no input `q`, it expects `a`, `b`",
        "{'inputs':[{'name':'q'}]} | the model has no input `q`",
        "{'inputs':[{'name':'a','datatype':5}]} | expected a string for 'datatype', got 5",
        "{'inputs':[{'name':'a','datatype':'FLOAT'}]} | unknown datatype `FLOAT`",
        "{'inputs':[{'name':'a','datatype':'fp32'}]} | unknown datatype `fp32`",
        "{'inputs':[{'name':'a','datatype':'FP64','shape':[1,2],'data':[1,2]}]}"
            + " | input `a` has datatype FP32, got FP64",
        "{'inputs':[@A,@A]} | input `a` came twice",
        "{'inputs':[@A,@B,@A]} | input `a` came twice",
        "{'inputs':[{'name':'a','name':'a'}]} | Duplicate field `name`",
        "{'inputs':[{'name':'a','data':[],'data':[]}]} | Duplicate field `data`",
        "{'inputs':[@A,@B],'inputs':[@A,@B]} | Duplicate field `inputs`",
        "{'id':'1','id':'2'} | Duplicate field `id`",
        "{'inputs':[{'name':'a','parameters':[]}]} | expected an object for 'parameters', got an array",
        "{'inputs':[{'name':'a','parameters':{'p':[]}}]} | true or false for a parameter, got an array",
        "{'inputs':[{'name':'a','parameters':{'p':null}}]} | for a parameter, got null",
        "{'inputs':[{'name':'a','parameters':{'shared_memory_region':'r'}}]} | shared memory is not",
        "{'outputs':{}} | expected an array for 'outputs', got an object",
        "{'outputs':[5]} | expected an object for each output, got 5",
        "{'outputs':['y']} | expected an object for each output, got a string",
        "{'outputs':[{}]} | an output has no 'name'",
        "{'outputs':[{'name':5}]} | expected a string for 'name', got 5",
        "{'outputs':[{'name':'q'}]} | the model has no output `q`, it has [y]",
        "{'outputs':[{'name':'y'},{'name':'y'}]} | output `y` is asked for twice",
        "{'outputs':[{'name':'y','parameters':5}]} | expected an object for 'parameters', got 5",
        "{'outputs':[{'name':'y','parameters':{'shared_memory_region':'r'}}]} | shared memory is not",
        "{'parameters':[]} | expected an object for 'parameters', got an array",
        "{'parameters':{'timeout':0}} | parameter `timeout` must be a whole number of microseconds",
        "{'parameters':{'timeout':-1}} | got -1",
        "{'parameters':{'timeout':1.5}} | got 1.5",
        "{'parameters':{'timeout':'5'}} | got 5",
        "{'parameters':{'timeout':86400000001}} | from 1 to a day, got 86400000001",
        "{'parameters':{'timeout':99999999999999999999}} | got 99999999999999999999",
        "{'inputs':[@A,@B]} {} | the body goes on after its JSON text ended, at byte",
        "{'inputs':[@A,@B]}] | at byte",
      })
  void refuses(String json, String said) {
    String whole =
        json.replace("@A", "{'name':'a','shape':[1,2],'datatype':'FP32','data':[1,2]}")
            .replace("@B", "{'name':'b','shape':[1],'datatype':'INT64','data':[7]}");
    assertInvalid(() -> InferReader.read(body(whole.replace('\'', '"')), MODEL, SOON))
        .contains(said.replace('\'', '"').replace('`', '\''));
  }

  @Test
  void refusesAHighRank() {
    String input =
        "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP32\",\"data\":[1,2],\"shape\":[2%s]}]}";
    assertInvalid(() -> InferReader.read(body(input.formatted(",1".repeat(63))), MODEL, SOON))
        .startsWith("input 'a' has 2 dimensions [-1,2], got 64: [2,1,1,");
    assertInvalid(() -> InferReader.read(body(input.formatted(",1".repeat(64))), MODEL, SOON))
        .isEqualTo("\"shape\" has more than 64 dimensions, at byte 191");
  }

  @ParameterizedTest
  @CsvSource({"inputs", "outputs"})
  void keepsMessagesShort(String field) {
    String name = "x".repeat(127) + "\\ud83d\\ude00".repeat(1_000);
    String json = "{\"" + field + "\":[{\"name\":\"" + name + "\"}]}";
    assertInvalid(() -> InferReader.read(body(json), MODEL, SOON)).hasSizeLessThan(250);
    String timeout = "{\"parameters\":{\"timeout\":\"" + name + "\"}}";
    assertInvalid(() -> InferReader.read(body(timeout), MODEL, SOON)).hasSizeLessThan(250);
    String classes = "{\"outputs\":[{\"parameters\":{\"classification\":\"" + name + "\"}}]}";
    assertInvalid(() -> InferReader.read(body(classes), MODEL, SOON)).hasSizeLessThan(250);
  }
}
