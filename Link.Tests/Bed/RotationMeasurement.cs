using System.Globalization;

namespace Link.Tests.Bed;

/// <summary>What it took to encrypt a host's secrets anew.</summary>
internal sealed record RotationMeasurement
{
    internal required int Secrets { get; init; }

    /// <summary>From the client's start to its end.</summary>
    internal required double Seconds { get; init; }

    /// <summary>Secrets that stood under the new key then, as the client says.</summary>
    internal required int Rotated { get; init; }

    /// <summary>Of the secrets, after a rotation into LinK's form, those that open with LinK's cipher and have the right hash.</summary>
    internal required int ReadableByLinK { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Rotated} of {Secrets} secrets rotated in {Seconds:0.00} s, {ReadableByLinK} in LinK's form then");
}
