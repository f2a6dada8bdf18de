"""Shelf: carries published bytes outward. Blind to every other shelf; decides nothing."""
