package io.milepost.testsupport;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import reactor.blockhound.BlockHound;
import reactor.blockhound.BlockingMethod;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Records blocking calls on event loops: sleeping, waiting (futures, conditions, monitors), files and blocking sockets.
 * Nothing is thrown at the place, because that would change what the test sees; the test class fails instead.
 *
 * <p>Which threads must not block is told by Netty's and Armeria's own integrations, which are found on the class path.
 */
public final class LoopGuard {
    private static final int MAX_RECORDS = 20;
    private static final ConcurrentLinkedQueue<String> BLOCKED = new ConcurrentLinkedQueue<>();
    /** Rendering a record reads class files, which is blocking itself. */
    private static final ThreadLocal<Boolean> RECORDING = ThreadLocal.withInitial(() -> false);

    private static boolean installed;

    private LoopGuard() {}

    public static synchronized void install() {
        if (!installed) {
            installed = true;
            BlockHound.install(new Rules());
        }
    }

    /** The calls recorded since the last call. */
    public static List<String> take() {
        List<String> found = new ArrayList<>();
        for (String call = BLOCKED.poll(); call != null; call = BLOCKED.poll()) {
            found.add(call);
        }
        return found;
    }

    private static void record(BlockingMethod method) {
        if (RECORDING.get() || BLOCKED.size() >= MAX_RECORDS) {
            return;
        }
        RECORDING.set(true);
        try {
            StringBuilder text = new StringBuilder(512)
                    .append(method)
                    .append(" on ")
                    .append(Thread.currentThread().getName());
            for (StackTraceElement frame : new Throwable().getStackTrace()) {
                String type = frame.getClassName();
                if (!type.startsWith("reactor.blockhound") && !type.startsWith(LoopGuard.class.getName())) {
                    text.append("\n\tat ").append(frame);
                }
            }
            BLOCKED.add(text.toString());
        } finally {
            RECORDING.set(false);
        }
    }

    private static final class Rules implements BlockHoundIntegration {
        @Override
        public void applyTo(BlockHound.Builder builder) {
            builder.blockingMethodCallback(LoopGuard::record)
                    // Files by NIO; the natives below them differ between versions of the JDK.
                    .markAsBlocking("sun/nio/ch/FileChannelImpl", "read", "(Ljava/nio/ByteBuffer;)I")
                    .markAsBlocking("sun/nio/ch/FileChannelImpl", "write", "(Ljava/nio/ByteBuffer;)I")
                    .markAsBlocking("sun/nio/ch/FileChannelImpl", "force", "(Z)V")
                    // Taking a lock is not waiting for something to happen: such sections are short, and whether they
                    // are contended at a given moment is chance. What is awaited inside is still seen.
                    .allowBlockingCallsInside("java.util.concurrent.locks.ReentrantLock", "lock")
                    .allowBlockingCallsInside("java.util.concurrent.locks.ReentrantReadWriteLock$WriteLock", "lock")
                    .allowBlockingCallsInside("java.util.concurrent.locks.ReentrantReadWriteLock$ReadLock", "lock")
                    // The program's own log, a few lines in a program's life; the access log does not go through it.
                    .allowBlockingCallsInside("ch.qos.logback.classic.Logger", "callAppenders")
                    .allowBlockingCallsInside("java.io.PrintStream", "write")
                    // Once per process or per class, at first use.
                    .allowBlockingCallsInside("java.lang.invoke.MethodHandleNatives", "linkCallSite")
                    .allowBlockingCallsInside("java.util.ServiceLoader$LazyClassPathLookupIterator", "parse")
                    .allowBlockingCallsInside("java.lang.ClassLoader", "loadLibrary")
                    .allowBlockingCallsInside("java.security.SecureRandom", "getDefaultPRNG")
                    .allowBlockingCallsInside("sun.security.provider.NativePRNG$RandomIO", "implNextBytes");
        }
    }
}
