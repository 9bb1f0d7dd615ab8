namespace Link.Core.Secrets;

/// <summary>Why a secret does not open.</summary>
internal enum OpenFailure
{
    None,

    /// <summary>There is no key at all.</summary>
    NoKey,

    /// <summary>It was encrypted with another key or, where the type can tell, for another place; or it was changed.</summary>
    NoKeyFits,

    /// <summary>One of the keys is the one that it was encrypted with, but it was given for another purpose or place, or was changed.</summary>
    OtherPurpose,

    /// <summary>Its type binds it to no purpose, and such are refused here.</summary>
    NotBound,

    /// <summary>Data or hash are not what the type says.</summary>
    Damaged,

    /// <summary>A later version's.</summary>
    UnknownType,
}
