package dev.skiff.server;

import java.lang.classfile.Annotation;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassSignature;
import java.lang.classfile.Signature;
import java.lang.classfile.attribute.ExceptionsAttribute;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.attribute.SignatureAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/** The ways in which a class can name another, to be written into a made-up class. */
enum Use {
  FIELD {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withField("field", used, ClassFile.ACC_PRIVATE);
    }
  },
  ARRAY {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withField("field", used.arrayType(2), ClassFile.ACC_PRIVATE);
    }
  },
  PARAMETER {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withMethod("method", MethodTypeDesc.of(ConstantDescs.CD_void, used), ABSTRACT, m -> {});
    }
  },
  RESULT {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withMethod("method", MethodTypeDesc.of(used), ABSTRACT, method -> {});
    }
  },
  THROWN {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withMethod(
          "method",
          ConstantDescs.MTD_void,
          ABSTRACT,
          method -> method.with(ExceptionsAttribute.ofSymbols(used)));
    }
  },
  CALL {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withMethodBody(
          "method",
          ConstantDescs.MTD_void,
          ClassFile.ACC_STATIC,
          code -> code.invokestatic(used, "call", ConstantDescs.MTD_void).return_());
    }
  },
  CALL_RESULT {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      ClassDesc owner = ConstantDescs.CD_Object;
      type.withMethodBody(
          "method",
          ConstantDescs.MTD_void,
          ClassFile.ACC_STATIC,
          code -> code.invokestatic(owner, "call", MethodTypeDesc.of(used)).pop().return_());
    }
  },
  SUPERCLASS {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withSuperclass(used);
    }
  },
  INTERFACE {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.withInterfaceSymbols(used);
    }
  },
  TYPE_ARGUMENT {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      Signature.ClassTypeSig list =
          Signature.ClassTypeSig.of(
              ClassDesc.of("java.util.ArrayList"),
              Signature.TypeArg.of(Signature.ClassTypeSig.of(used)));
      type.with(SignatureAttribute.of(ClassSignature.of(list)));
    }
  },
  ANNOTATION {
    @Override
    void write(ClassBuilder type, ClassDesc used) {
      type.with(RuntimeVisibleAnnotationsAttribute.of(Annotation.of(used)));
    }
  };

  private static final int ABSTRACT = ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT;

  abstract void write(ClassBuilder type, ClassDesc used);
}
