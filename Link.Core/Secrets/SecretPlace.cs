namespace Link.Core.Secrets;

/// <summary>Where a secret lies, and what for. What is encrypted for one place does not open at another, if its type can tell.</summary>
internal readonly record struct SecretPlace(string Host, string EndpointId, string SecretId)
{
    private const string BoundLabel = "link secret bound to its purpose, 1";

    /// <summary>What it was given for; null: nobody can tell. Only <see cref="SecretType.AesGcmBound"/> is bound to it, and needs it.</summary>
    public SecretPurpose? Purpose { get; init; }

    /// <summary>For <see cref="SecretType.AesGcm"/>: the three names.</summary>
    public byte[] ToAssociatedData() => new AssociatedData().Add(Host).Add(EndpointId).Add(SecretId).ToArray();

    /// <summary>For <see cref="SecretType.AesGcmBound"/>: the three names and the purpose.</summary>
    /// <exception cref="InvalidOperationException">There is no purpose.</exception>
    public byte[] ToBoundAssociatedData()
    {
        SecretPurpose purpose = Purpose ?? throw new InvalidOperationException("A secret cannot be bound to a purpose that is not known.");
        return new AssociatedData().Add(BoundLabel).Add(Host).Add(EndpointId).Add(SecretId).Add(purpose.Plugin).Add(purpose.Field).Add(purpose.Destination.Digest)
            .ToArray();
    }
}
