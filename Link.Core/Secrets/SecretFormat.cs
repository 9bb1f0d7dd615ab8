namespace Link.Core.Secrets;

/// <summary>How new secrets are encrypted. All are read, whatever this says.</summary>
internal enum SecretFormat
{
    /// <summary>Type <c>aes-256-gcm-bound</c>, ours: opens only for what it was given for, see <see cref="SecretPurpose"/>.</summary>
    AesGcmBound,

    /// <summary>Type <c>aes-256-gcm</c>, for those who may go back to version 1.0 of this agent: bound to its place alone.</summary>
    AesGcm,

    /// <summary>Type <c>aes-cfb-sha512</c>, for those who may go back to LinK 3.1 to 3.3.</summary>
    AesCfbSha512,
}
