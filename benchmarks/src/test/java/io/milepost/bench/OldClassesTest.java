package io.milepost.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OldClassesTest {
    private static final int JAVA_5 = 49;

    @TempDir
    Path folder;

    @Test
    void liftsClassesOfJava5AndTheyStillRun() throws Exception {
        Path jar = jar(JAVA_5);

        assertThat(OldClasses.lift(jar)).isEqualTo(1);

        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
            Class<?> type = Class.forName("old.Sign", true, loader);
            assertThat(type.getMethod("of", int.class).invoke(null, -3)).isEqualTo(-1);
            assertThat(type.getMethod("of", int.class).invoke(null, 3)).isEqualTo(1);
            try (var bytes = loader.getResourceAsStream("old/Sign.class")) {
                assertThat(bytes).isNotNull();
                assertThat(ClassFile.of().parse(bytes.readAllBytes()).majorVersion())
                        .isEqualTo(ClassFile.JAVA_8_VERSION);
            }
            try (var text = loader.getResourceAsStream("old/notice.txt")) {
                assertThat(text).isNotNull().hasContent("kept");
            }
        }
        assertThat(OldClasses.lift(jar))
                .as("a second time there is nothing to do")
                .isZero();
    }

    @Test
    void leavesOtherJarsAsTheyAre() throws Exception {
        Path jar = jar(ClassFile.JAVA_8_VERSION);
        byte[] before = Files.readAllBytes(jar);

        assertThat(OldClasses.lift(jar)).isZero();
        assertThat(jar).hasBinaryContent(before);
        assertThat(folder).isDirectoryNotContaining("glob:**.tmp");
    }

    /** A class with a branch, which needs a stack map from Java 7 on: {@code static int of(int n) { return n < 0 ? -1 : 1; }}. */
    private Path jar(int version) throws Exception {
        byte[] type = ClassFile.of()
                .build(
                        ClassDesc.of("old.Sign"),
                        c -> c.withVersion(version, 0)
                                .withFlags(ClassFile.ACC_PUBLIC)
                                .withMethodBody(
                                        "of",
                                        MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int),
                                        ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                                        code -> code.iload(0)
                                                .ifThenElse(
                                                        java.lang.classfile.Opcode.IFLT,
                                                        negative -> negative.iconst_m1()
                                                                .ireturn(),
                                                        other ->
                                                                other.iconst_1().ireturn())));
        Path jar = folder.resolve("old.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                ZipOutputStream zip = new ZipOutputStream(file)) {
            zip.putNextEntry(new ZipEntry("old/Sign.class"));
            zip.write(type);
            zip.closeEntry();
            zip.putNextEntry(new ZipEntry("old/notice.txt"));
            zip.write("kept".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            zip.closeEntry();
        }
        return jar;
    }
}
