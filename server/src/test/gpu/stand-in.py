#!/usr/bin/env python3
"""Writes a stand-in for CUDA's libraries, with which ONNX Runtime's real CUDA provider loads on a machine without a GPU:

    stand-in.py NATIVES FOLDER [cudnn]

NATIVES has the libraries of onnxruntime_gpu for linux-x64, FOLDER gets the stand-in. Needs gcc and nm. Then, for instance:

    LD_LIBRARY_PATH=FOLDER FAIL=cudaGetDeviceCount:35 java -Donnxruntime.native.path=NATIVES -jar skiff.jar doctor

Every function that the provider links to is there and succeeds, memory is the host's, kernels do nothing: the provider takes
its nodes and runs them, and the answers are whatever was in memory. FAIL names functions that fail, and with which code:
cudaGetDeviceCount:35 a driver that is too old, cudaLaunchKernel:209 no kernels for the architecture, cudaMalloc:2 out of
memory, cudaSetDevice:101 no such device; several with commas between. *:700 has all fail, as they do on a device after an illegal
memory access. With FAIL_WHEN=FILE they fail only while that file exists.

With "cudnn" there is a cuDNN too, which knows no way to compute a convolution (CUDNN_FE failure 8); cudnnBackendFinalize:3000 makes that
failure 11, cudnnCreateRNNDescriptor:3009 leaves out the part for LSTM.
"""

import re
import subprocess
import sys
from pathlib import Path

PRELUDE = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int code(const char *function) {
  const char *fail = getenv("FAIL"), *when = getenv("FAIL_WHEN");
  size_t length = strlen(function);
  if (when && access(when, F_OK)) return 0;
  for (; fail && *fail; fail = strchr(fail, ',') ? strchr(fail, ',') + 1 : "") {
    if (!strncmp(fail, "*:", 2)) return atoi(fail + 2);
    if (!strncmp(fail, function, length) && fail[length] == ':') return atoi(fail + length + 1);
  }
  return 0;
}
"""

# Functions that have to do more than to succeed.
BODIES = {
    "cudaGetErrorString": """const char *cudaGetErrorString(int error) {
      switch (error) {
        case 2: return "out of memory";
        case 35: return "CUDA driver version is insufficient for CUDA runtime version";
        case 100: return "no CUDA-capable device is detected";
        case 101: return "invalid device ordinal";
        case 209: return "no kernel image is available for execution on the device";
        case 214: return "uncorrectable ECC error encountered";
        case 700: return "an illegal memory access was encountered";
        case 719: return "unspecified launch failure";
        default: return "unknown error";
      } }""",
    "cudaGetErrorName": """const char *cudaGetErrorName(int error) {
      switch (error) {
        case 2: return "cudaErrorMemoryAllocation";
        case 209: return "cudaErrorNoKernelImageForDevice";
        case 214: return "cudaErrorECCUncorrectable";
        case 700: return "cudaErrorIllegalAddress";
        case 719: return "cudaErrorLaunchFailure";
        default: return "cudaErrorUnknown";
      } }""",
    "cudaGetDeviceCount": 'int cudaGetDeviceCount(int *count) { *count = 1; return code("cudaGetDeviceCount"); }',
    "cudaGetDevice": "int cudaGetDevice(int *device) { *device = 0; return 0; }",
    # What kernels of some operators compute with: the size of a warp, threads of a block, processors.
    "cudaGetDeviceProperties_v2": """int cudaGetDeviceProperties_v2(char *all, int device) {
      memset(all, 0, 1032);
      strcpy(all, "stand-in");
      *(int *)(all + 308) = 32;
      *(int *)(all + 320) = 1024;
      *(int *)(all + 388) = 1;
      return code("cudaGetDeviceProperties_v2");
    }""",
    # Compute capability 9.0.
    "cudaDeviceGetAttribute": """int cudaDeviceGetAttribute(int *value, int attribute, int device) {
      *value = attribute == 75 ? 9 : 0;
      return code("cudaDeviceGetAttribute");
    }""",
    "cudaRuntimeGetVersion": "int cudaRuntimeGetVersion(int *version) { *version = 12090; return 0; }",
    "cudaMemGetInfo": "int cudaMemGetInfo(size_t *left, size_t *all) { *left = *all = 1ul << 33; return 0; }",
    "cudaHostAlloc": "int cudaHostAlloc(void **p, size_t size, unsigned flags) { *p = malloc(size); return 0; }",
    "cudaLaunchKernel": 'int cudaLaunchKernel() { return code("cudaLaunchKernel"); }',
    # A failed launch is asked for afterwards.
    "cudaGetLastError": 'int cudaGetLastError() { return code("cudaLaunchKernel"); }',
    "cudaPeekAtLastError": 'int cudaPeekAtLastError() { return code("cudaLaunchKernel"); }',
    "__cudaRegisterFatBinary": "void **__cudaRegisterFatBinary(void *binary) { return malloc(8); }",
    "cublasGetStatusString": 'const char *cublasGetStatusString(int status) { return "CUBLAS_STATUS"; }',
    "cublasGetStatusName": 'const char *cublasGetStatusName(int status) { return "CUBLAS_STATUS"; }',
}

# And those of cuDNN, whose others only succeed.
CUDNN_BODIES = {
    "cudnnGetVersion": "size_t cudnnGetVersion() { return 91900; }",
    "cudnnGetErrorString": """const char *cudnnGetErrorString(int status) {
      switch (status) {
        case 3007: return "CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH";
        case 3009: return "CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE";
        default: return "CUDNN_STATUS";
      } }""",
    "cudnnGetLastErrorString": "void cudnnGetLastErrorString(char *text, size_t size) { *text = 0; }",
    "cudnnDropoutGetStatesSize": "int cudnnDropoutGetStatesSize(void *handle, size_t *size) { *size = 16; return 0; }",
    "cudnnBackendCreateDescriptor": """int cudnnBackendCreateDescriptor(int type, void **made) {
      *made = malloc(64);
      return code("cudnnBackendCreateDescriptor");
    }""",
    "cudnnBackendGetAttribute": """int cudnnBackendGetAttribute(void *of, int name, int type, long most, long *count, void *values) {
      *count = 0;
      return code("cudnnBackendGetAttribute");
    }""",
}


def body(name):
    if name in BODIES:
        return BODIES[name]
    if name in CUDNN_BODIES:
        return CUDNN_BODIES[name]
    if name in ("cudaMalloc", "cudaMallocHost"):
        return f'int {name}(void **p, size_t size) {{ int c = code("{name}"); if (!c) *p = malloc(size); return c; }}'
    if name in ("cudaMemcpy", "cudaMemcpyAsync"):
        return f'int {name}(void *to, void *from, size_t size) {{ int c = code("{name}"); if (!c) memcpy(to, from, size); return c; }}'
    if "Create" in name and "Graph" not in name:
        return f'int {name}(void **handle) {{ *handle = malloc(4096); return code("{name}"); }}'
    return f'int {name}() {{ return code("{name}"); }}'


def compile_library(folder, name, source):
    versions = folder / f"{name}.map"
    versions.write_text(f"{name} {{ global: *; }};\n")
    command = ["gcc", "-w", "-shared", "-fPIC", "-x", "c", "-", f"-Wl,-soname,{name}", f"-Wl,--version-script={versions}"]
    subprocess.run([*command, "-o", folder / name], input=source, text=True, check=True)
    versions.unlink()


natives, folder = map(Path, sys.argv[1:3])
folder.mkdir(parents=True, exist_ok=True)
provider = natives / "libonnxruntime_providers_cuda.so"
symbols = subprocess.run(["nm", "-D", "--undefined-only", provider], capture_output=True, text=True, check=True).stdout
functions = {}
for line in symbols.splitlines():
    name, _, library = line.split()[-1].partition("@")
    if library.startswith(("libcuda", "libcublas")):
        functions.setdefault(library, []).append(name)
for library, names in functions.items():
    compile_library(folder, library, PRELUDE + "\n".join(map(body, names)))
for library in ["libcurand.so.10", "libcuda.so.1"]:  # linked to, and not one function used
    compile_library(folder, library, "int nothing;\n")
if sys.argv[3:] == ["cudnn"]:  # not linked to: the provider names what it looks up
    named = set(re.findall(rb"\0(cudnn[A-Z]\w+)(?=\0)", provider.read_bytes()))
    compile_library(folder, "libcudnn.so.9", PRELUDE + "\n".join(body(name.decode()) for name in sorted(named)))
