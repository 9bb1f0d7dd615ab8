namespace Link.Tests.Bed;

/// <summary>An address as the kernel of a host told of it last.</summary>
/// <param name="Mark">IFA_PROTO, the program that it belongs to; 0: nobody said.</param>
/// <param name="ValidSeconds">What was left of its lifetime then; null: for ever.</param>
internal readonly record struct KernelAddress(byte Mark, uint? ValidSeconds);
