package io.milepost.testbed.hbone;

/** One header line as it is sent or was received. */
public record HttpHeader(String name, String value) {}
