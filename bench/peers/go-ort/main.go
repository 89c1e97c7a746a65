// One model behind POST /predict: a JSON array in, {"prediction": [...]} out. Settings: MODEL, HOST, PORT, and ORT_DYLIB_PATH for
// ONNX Runtime itself.
package main

import (
	"cmp"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/bytedance/sonic"
	"github.com/valyala/fasthttp"
	ort "github.com/yalue/onnxruntime_go"
)

type prediction struct {
	Prediction []float32 `json:"prediction"`
}

type refusal struct {
	Error string `json:"error"`
}

// A session whose input and output tensor are made once; one request at a time fills and reads them.
type predictor struct {
	lock    sync.Mutex
	session *ort.AdvancedSession
	input   []float32
	output  []float32
}

func load(model string) (*predictor, error) {
	inputs, outputs, err := ort.GetInputOutputInfo(model)
	if err != nil {
		return nil, err
	}
	input, err := row(inputs[0])
	if err != nil {
		return nil, err
	}
	output, err := row(outputs[0])
	if err != nil {
		return nil, err
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	if err := options.SetInterOpNumThreads(1); err != nil {
		return nil, err
	}
	session, err := ort.NewAdvancedSession(model, []string{inputs[0].Name}, []string{outputs[0].Name},
		[]ort.Value{input}, []ort.Value{output}, options)
	if err != nil {
		return nil, err
	}
	return &predictor{session: session, input: input.GetData(), output: output.GetData()}, nil
}

// row makes a tensor of one row.
func row(info ort.InputOutputInfo) (*ort.Tensor[float32], error) {
	if len(info.Dimensions) != 2 || info.Dimensions[1] < 1 {
		return nil, fmt.Errorf("the model must take and give rows of a fixed length, not %v", info.Dimensions)
	}
	return ort.NewEmptyTensor[float32](ort.NewShape(1, info.Dimensions[1]))
}

func (p *predictor) predict(body []byte) ([]byte, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	row := p.input[:0]
	if err := sonic.ConfigFastest.Unmarshal(body, &row); err != nil {
		return nil, err
	}
	if len(row) != len(p.input) {
		return nil, fmt.Errorf("expected %d numbers, got %d", len(p.input), len(row))
	}
	if err := p.session.Run(); err != nil {
		return nil, err
	}
	return sonic.ConfigFastest.Marshal(prediction{p.output})
}

func (p *predictor) serve(request *fasthttp.RequestCtx) {
	switch string(request.Path()) {
	case "/health":
		request.SetBodyString("ok")
	case "/predict":
		answer, err := p.predict(request.PostBody())
		if err != nil {
			request.SetStatusCode(fasthttp.StatusBadRequest)
			answer, _ = sonic.ConfigFastest.Marshal(refusal{err.Error()}) // a string is JSON
		}
		request.SetContentType("application/json")
		request.SetBody(answer)
	default:
		request.SetStatusCode(fasthttp.StatusNotFound)
	}
}

func main() {
	ort.SetSharedLibraryPath(os.Getenv("ORT_DYLIB_PATH"))
	if err := ort.InitializeEnvironment(); err != nil {
		log.Fatal(err)
	}
	model, err := load(cmp.Or(os.Getenv("MODEL"), "model.onnx"))
	if err != nil {
		log.Fatal(err)
	}
	server := fasthttp.Server{Handler: model.serve, NoDefaultServerHeader: true, NoDefaultDate: true}
	log.Fatal(server.ListenAndServe(cmp.Or(os.Getenv("HOST"), "127.0.0.1") + ":" + cmp.Or(os.Getenv("PORT"), "8080")))
}
