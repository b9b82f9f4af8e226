package io.milepost.testsupport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Gathers what Netty's leak detectors find, which otherwise only reaches the log. */
public final class LeakGuard {
    private static final ConcurrentLinkedQueue<String> LEAKS = new ConcurrentLinkedQueue<>();
    private static final long ENQUEUE_MILLIS = 2_000;
    private static boolean installed;

    private LeakGuard() {}

    public static synchronized void install() {
        if (!installed) {
            installed = true;
            ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Factory());
        }
    }

    /** Collects garbage and returns the leaks found since the last call. */
    public static List<String> take() {
        // Twice: an object that is only reachable through a leaked one is found one collection later.
        for (int i = 0; i < 2; i++) {
            collectGarbage();
            // Detectors look at what was collected when the next object is made.
            ByteBuf direct = ByteBufAllocator.DEFAULT.directBuffer(16);
            direct.release();
            ByteBuf heap = ByteBufAllocator.DEFAULT.heapBuffer(16);
            heap.release();
        }
        List<String> found = new ArrayList<>();
        for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
            found.add(leak);
        }
        return found;
    }

    /** Returns when references to what was garbage before the call are enqueued. */
    private static void collectGarbage() {
        ReferenceQueue<Object> queue = new ReferenceQueue<>();
        WeakReference<Object> last = new WeakReference<>(new Object(), queue);
        System.gc();
        try {
            if (queue.remove(ENQUEUE_MILLIS) == null && last.refersTo(null)) {
                throw new IllegalStateException("the collector enqueued nothing within " + ENQUEUE_MILLIS + " ms");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Factory extends ResourceLeakDetectorFactory {
        @Override
        @SuppressWarnings("deprecation") // the constructor that the default factory uses
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                Class<T> resource, int samplingInterval, long maxActive) {
            return new Recording<>(resource, samplingInterval);
        }
    }

    private static final class Recording<T> extends ResourceLeakDetector<T> {
        Recording(Class<?> resource, int samplingInterval) {
            super(resource, samplingInterval);
        }

        @Override
        protected void reportTracedLeak(String resourceType, String records) {
            LEAKS.add(resourceType + records);
            super.reportTracedLeak(resourceType, records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
            LEAKS.add(resourceType + " (no records: is the leak detection level paranoid?)");
            super.reportUntracedLeak(resourceType);
        }
    }
}
