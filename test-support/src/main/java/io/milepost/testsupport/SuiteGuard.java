package io.milepost.testsupport;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class for what happened beside its assertions. Found by JUnit through the service file; needs the JVM option
 * {@code -XX:+AllowRedefinitionToAddDeleteMethods} and leak detection at {@code paranoid} (both in the parent pom).
 */
public final class SuiteGuard implements BeforeAllCallback, AfterAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
        // Before the first buffer is made, which fixes the leak detector for good.
        LeakGuard.install();
        LoopGuard.install();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (isNested(context)) {
            return;
        }
        check("an event loop was blocked", LoopGuard.take());
        check("a reference-counted object was never released (in this class, or in an earlier one)", LeakGuard.take());
    }

    private static boolean isNested(ExtensionContext context) {
        return context.getTestClass()
                .map(type -> type.isMemberClass() && !java.lang.reflect.Modifier.isStatic(type.getModifiers()))
                .orElse(false);
    }

    private static void check(String what, List<String> records) {
        if (!records.isEmpty()) {
            throw new AssertionError(what + ", " + records.size() + " times:\n" + String.join("\n", records));
        }
    }
}
