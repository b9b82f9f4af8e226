package io.milepost.waypoint.observe;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.milepost.telemetry.AccessLogWriter;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.util.concurrent.EventExecutorGroup;
import java.io.IOException;
import java.util.function.ToDoubleFunction;

/** Gauges and counters of the process: every limit with its use, buffers, event loops, the JVM. */
public final class ProcessMetrics implements AutoCloseable {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics gc = new JvmGcMetrics();
    private final TrafficMetrics traffic;

    public ProcessMetrics(TrafficMetrics traffic, AccessLogWriter logs, EventExecutorGroup loops) {
        this.traffic = traffic;
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        gc.bindTo(registry);
        LoopLag.bind(loops, registry);
        logs.bindTo(registry);
        allocator();
        gauge(
                "milepost.metrics.edges.cached",
                "Label sets kept at hand for requests",
                traffic,
                TrafficMetrics::cachedEdges);
        counter(
                "milepost.metrics.edges.cache.resets",
                "Times the label sets kept at hand were too many and were dropped",
                traffic,
                TrafficMetrics::cacheResets);
    }

    private void allocator() {
        if (ByteBufAllocator.DEFAULT instanceof ByteBufAllocatorMetricProvider p) {
            gauge(
                    "milepost.buffers.direct.bytes",
                    "Memory that Netty's allocator holds outside of the heap",
                    p,
                    x -> x.metric().usedDirectMemory());
            gauge(
                    "milepost.buffers.heap.bytes",
                    "Memory that Netty's allocator holds in the heap",
                    p,
                    x -> x.metric().usedHeapMemory());
        }
    }

    /** Adds what a library counts by itself. */
    public void bind(MeterBinder binder) {
        binder.bindTo(registry);
    }

    /** Adds a gauge. The object is kept, not weakly held. */
    public <T> void gauge(String name, String description, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value)
                .description(description)
                .strongReference(true)
                .register(registry);
    }

    /** Adds a counter that counts elsewhere. */
    public <T> void counter(String name, String description, T of, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, of, value).description(description).register(registry);
    }

    /** Istio's metrics, then ours. */
    public void scrape(Appendable out) throws IOException {
        traffic.scrape(out);
        out.append(registry.scrape());
    }

    @Override
    public void close() {
        gc.close();
        registry.close();
    }
}
