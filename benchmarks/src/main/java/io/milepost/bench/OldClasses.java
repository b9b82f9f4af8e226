package io.milepost.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Lifts class files that are older than Java 6 to Java 8. The JVM leaves those out of a start-up cache, because only its old
 * verifier knows them: picocli's 170 classes (version 49) would be read and verified at each start.
 */
final class OldClasses {
    private static final int JAVA_6 = 50;

    private static final ClassTransform TO_JAVA_8 = ClassTransform.transformingMethodBodies(
                    (code, element) -> code.with(element))
            .andThen((type, element) -> {
                if (element instanceof ClassFileVersion) {
                    type.withVersion(ClassFile.JAVA_8_VERSION, 0);
                } else {
                    type.with(element);
                }
            });

    private OldClasses() {}

    /** Rewrites a jar in its place when it has such classes; a program that runs keeps the old file. Returns how many it had. */
    static int lift(Path jar) throws IOException {
        Path lifted = Files.createTempFile(jar.toAbsolutePath().getParent(), "lifted", ".tmp");
        try {
            int count = write(jar, lifted);
            if (count > 0) {
                Files.move(lifted, jar, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            return count;
        } finally {
            Files.deleteIfExists(lifted);
        }
    }

    private static int write(Path from, Path to) throws IOException {
        int count = 0;
        try (URLClassLoader types =
                        new URLClassLoader(new URL[] {from.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
                JarFile in = new JarFile(from.toFile());
                OutputStream file = Files.newOutputStream(to);
                ZipOutputStream out = new ZipOutputStream(file)) {
            ClassFile format = ClassFile.of(
                    // Old files have no stack maps, and newer ones are refused without.
                    ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                    ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(types)
                            .orElse(ClassHierarchyResolver.defaultResolver())));
            for (JarEntry entry : Collections.list(in.entries())) {
                byte[] bytes;
                try (InputStream content = in.getInputStream(entry)) {
                    bytes = content.readAllBytes();
                }
                if (entry.getName().endsWith(".class")) {
                    ClassModel model = format.parse(bytes);
                    if (model.majorVersion() < JAVA_6) {
                        bytes = format.transformClass(model, TO_JAVA_8);
                        count++;
                    }
                }
                ZipEntry written = new ZipEntry(entry.getName());
                written.setTime(entry.getTime());
                out.putNextEntry(written);
                out.write(bytes);
                out.closeEntry();
            }
        }
        return count;
    }
}
